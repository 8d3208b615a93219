//! Time that moves on while flows are under way.
//!
//! In production one transaction has one time. A clock that is set in the middle of a transaction
//! would give it two; one that leaps does not: what began before the leap never sees it.

use crate::databases::Databases;
use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use std::collections::VecDeque;
use std::time::Duration;

/// A leap is announced so long before it happens: nobody may see it announced after it happened.
const AHEAD_MS: i32 = 250;
/// What is left of that when the announcements are committed.
const MARGIN_MS: i32 = 100;
const TRIES: u32 = 20;
/// No transaction lives so long that it began before the oldest of them.
const REMEMBERED: usize = 16;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The last leaps of both databases' clocks, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Leaps(VecDeque<Leap>);

#[derive(Clone, Copy, Debug)]
struct Leap {
    /// In the server's real time.
    at: DateTime<Utc>,
    /// How far ahead of it the clocks were before, and are from then on.
    from_sec: i64,
    to_sec: i64,
}

impl Databases {
    /// Lets both databases' clocks leap, from so far ahead of the real time to so far, and returns
    /// when they did.
    ///
    /// # Errors
    /// When a database does not answer, or is too slow to make a leap at one moment.
    pub(crate) async fn leap(&self, from_sec: i64, to_sec: i64) -> Result<()> {
        let mut leaps = self.leaps.lock().await;
        if leaps.0.front().is_some_and(|last| last.to_sec != from_sec) {
            // The clocks were set since.
            leaps.0.clear();
        }
        for _ in 0..TRIES {
            let Some(at) = self.announce(&mut leaps, from_sec, to_sec).await? else {
                continue;
            };
            while !has_come(&self.rental, at).await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            return Ok(());
        }
        bail!("the databases are too slow to let time leap");
    }

    /// Announces a leap in both databases, and says when it will be; none when that took too long.
    async fn announce(
        &self,
        leaps: &mut Leaps,
        from_sec: i64,
        to_sec: i64,
    ) -> Result<Option<DateTime<Utc>>> {
        let (mut rental, mut billing) = (self.rental.begin().await?, self.billing.begin().await?);
        let at = from_now(&mut rental, AHEAD_MS).await?;
        let announced = leaps.and(Leap {
            at,
            from_sec,
            to_sec,
        });
        let clock = announced.clock();
        for database in [&mut rental, &mut billing] {
            sqlx::query(AssertSqlSafe(clock.clone()))
                .execute(&mut **database)
                .await?;
        }
        if from_now(&mut rental, MARGIN_MS).await? > at {
            return Ok(None);
        }
        rental.commit().await?;
        billing.commit().await?;
        *leaps = announced;
        Ok(Some(at))
    }
}

impl Leaps {
    fn and(&self, next: Leap) -> Self {
        let all = [next].into_iter().chain(self.0.iter().copied());
        Self(all.take(REMEMBERED).collect())
    }

    /// `now()` is when the transaction began: its time is the one that counted then.
    fn clock(&self) -> String {
        let whens: String = self
            .0
            .iter()
            .map(|Leap { at, to_sec, .. }| {
                let at = at.to_rfc3339();
                format!(" WHEN now() >= timestamptz '{at}' THEN interval '{to_sec} seconds'")
            })
            .collect();
        let before = self.0.back().map_or(0, |oldest| oldest.from_sec);
        format!(
            "CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE \
             RETURN now() + CASE{whens} ELSE interval '{before} seconds' END"
        )
    }
}

/// The server's real time, so much later.
async fn from_now(connection: &mut PgConnection, ms: i32) -> Result<DateTime<Utc>> {
    Ok(
        sqlx::query_scalar("SELECT clock_timestamp() + $1 * interval '1 millisecond'")
            .bind(ms)
            .fetch_one(connection)
            .await?,
    )
}

async fn has_come(pool: &PgPool, moment: DateTime<Utc>) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT clock_timestamp() > $1")
        .bind(moment)
        .fetch_one(pool)
        .await?)
}
