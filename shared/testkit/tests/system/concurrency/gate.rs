//! Requests that overlap for sure: each waits in db-rental until enough of them do.

use super::OVERLAPPING;
use crate::probe::until;
use futures::future::join_all;
use sqlx::{PgTransaction, Row};
use testkit::{Response, World, fresh_key};
use uuid::Uuid;

/// Sessions in db-rental of the test itself and of quote, at most.
const OTHERS: usize = 3;

/// A lock in db-rental into which requests run.
pub(super) struct Gate(PgTransaction<'static>);

impl Gate {
    /// Nobody reads or writes an idempotency key.
    pub(super) async fn before_the_keys(world: &World) -> Self {
        let mut lock = world.databases.rental.begin().await.unwrap();
        sqlx::query("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")
            .execute(&mut *lock)
            .await
            .unwrap();
        Self(lock)
    }

    /// Nobody changes a rental.
    pub(super) async fn before_the_rental(world: &World, rental_id: &str) -> Self {
        let id: Uuid = rental_id.trim_start_matches("rental-").parse().unwrap();
        let mut lock = world.databases.rental.begin().await.unwrap();
        sqlx::query("SELECT FROM rentals WHERE rental_id = $1 FOR UPDATE")
            .bind(id)
            .fetch_one(&mut *lock)
            .await
            .unwrap();
        Self(lock)
    }

    pub(super) async fn open(self) {
        self.0.rollback().await.unwrap();
    }
}

/// Waits until at least `many` sessions wait for a lock in db-rental.
pub(super) async fn until_waiting(world: &World, many: usize) {
    let sessions = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let wait = async || count(world, sessions).await >= many;
    until(&format!("{many} sessions wait"), wait).await;
}

/// Sends requests that overlap: the gate opens when enough of them wait for it.
pub(super) async fn all_at_once(
    world: &World,
    gate: Gate,
    requests: Vec<impl Future<Output = anyhow::Result<Response>>>,
) -> Vec<Response> {
    let open = async {
        until_waiting(world, OVERLAPPING).await;
        gate.open().await;
    };
    let (answers, ()) = tokio::join!(join_all(requests), open);
    answers.into_iter().map(Result::unwrap).collect()
}

/// Brings up to `processes` of start, or of stop, up, and connects enough of them to db-rental: a
/// request that waits for a gate is not to wait for its process.
pub(super) async fn warm(world: &World, function: &str, processes: usize) {
    let unknown = format!("rental-{}", Uuid::nil());
    let connected = async || {
        let (key, nobody) = (fresh_key(), unknown.as_str());
        let requests = (0..processes).map(|_| async {
            match function {
                "start" => world.start_rental(nobody, &key).await,
                _ => world.stop(nobody, "station-456", &key).await,
            }
        });
        for refused in join_all(requests).await {
            // A process that comes up under load may miss its first second at the database.
            assert!([404, 503].contains(&refused.unwrap().status));
        }
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
        count(world, sessions).await >= OVERLAPPING + OTHERS
    };
    until(&format!("the processes of {function} are up"), connected).await;
}

async fn count(world: &World, sql: &'static str) -> usize {
    let row = sqlx::query(sql).fetch_one(&world.databases.rental).await;
    let count: i64 = row.unwrap().get(0);
    usize::try_from(count).unwrap()
}
