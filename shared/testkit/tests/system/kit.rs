//! What the tests, and the run of kills, stand on: processes that are killed and come again, time
//! that moves on beside flows.

use crate::probe::{fault_once, until, until_called};
use serde_json::Value;
use sqlx::types::chrono::{DateTime, Utc};
use std::sync::Arc;
use testkit::{Builder, InvokeError, World};

const USER: &str = "user-123";
const STATION: &str = "station-456";
const NOW: &str = "SELECT app_now()";

#[tokio::test]
async fn an_event_that_waits_for_a_process_that_is_killed_gets_another_one() {
    let world = Arc::new(Builder::default().most_processes(1).start().await.unwrap());
    fault_once(&world, "station-data", "hang").await;
    let ask = || {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.quote(USER, STATION).await })
    };
    let hangs = ask();
    until_called(&world, "station-data", 1).await;
    let waits = ask();

    let working = world.lambda.at_work("quote").pop().unwrap();
    assert!(world.lambda.kill("quote", &working).await);
    let died = hangs.await.unwrap().unwrap_err();
    let died = died.downcast_ref::<InvokeError>();
    assert!(matches!(died, Some(InvokeError::Died(_))), "{died:?}");
    assert_eq!(waits.await.unwrap().unwrap().status, 200);
    assert!(!world.lambda.kill("quote", &working).await, "it is dead");
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_waits_gets_no_event() {
    let world = World::start().await;
    assert!(!world.lambda.kill_idle("quote").await, "there is none yet");
    for _ in 0..10 {
        assert_eq!(world.quote(USER, STATION).await.unwrap().status, 200);
        let is_idle = async || world.lambda.at_work("quote").is_empty();
        until("the process waits for work", is_idle).await;
        assert!(world.lambda.kill_idle("quote").await);
    }
    assert_eq!(world.quote(USER, STATION).await.unwrap().status, 200);
}

/// As in production: one transaction has one time.
#[tokio::test]
async fn a_transaction_keeps_its_time_when_time_leaps() {
    let world = World::start().await;
    world.advance(1_000).await.unwrap();
    for pool in [&world.databases.rental, &world.databases.billing] {
        let mut under_way = pool.begin().await.unwrap();
        let before: DateTime<Utc> = sqlx::query_scalar(NOW)
            .fetch_one(&mut *under_way)
            .await
            .unwrap();
        for _ in 0..2 {
            world.leap(100).await.unwrap();
            let after: DateTime<Utc> = sqlx::query_scalar(NOW)
                .fetch_one(&mut *under_way)
                .await
                .unwrap();
            assert_eq!(after, before);
        }
        under_way.commit().await.unwrap();
        let now: DateTime<Utc> = sqlx::query_scalar(NOW).fetch_one(pool).await.unwrap();
        let passed = now.signed_duration_since(before).num_seconds();
        assert!((200..260).contains(&passed), "{passed} s");
    }
    let clock: Value = world.stub.get("/admin/clock").await.unwrap();
    assert_eq!(clock["offset_sec"], 1_400, "{clock}");
}
