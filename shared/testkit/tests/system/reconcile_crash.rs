//! Reconcile's process dies at each of its steps: the next one goes on, and nothing happens twice.

use crate::billed::{PLAIN, configs, next_tick, no_lease_is_held, stop, uuid};
use reconcile::ReconcileStep;
use runtime::step::Step;
use serde_json::json;
use testkit::{World, fresh_key, scheduled_event};

/// Something to do for every task.
struct Work {
    /// Its power bank was ejected, and its start died.
    half_started: String,
    bought_out: String,
    /// Nobody knows whether its deposit is held.
    hold_unknown: String,
    /// Billed to its end; its hold stands, its power bank is not reported, billing was not told
    /// of its end before.
    ended: String,
}

async fn rent(world: &World, name: &str, step: ReconcileStep) -> String {
    world
        .rent(&format!("user-{name}-{step:?}"), PLAIN)
        .await
        .rental_id
}

async fn work(world: &World, step: ReconcileStep) -> Work {
    let bought_out = rent(world, "bought", step).await;
    world.advance(50 * 60).await.unwrap();
    let ended = rent(world, "ended", step).await;
    world.advance(10 * 60).await.unwrap();
    stop(world, &ended).await;
    next_tick(world).await;
    let lost = json!({ "endpoint": "hold-money-for-order", "mode": "lose", "times": 1 });
    world.stub.fault(lost).await.unwrap();
    let hold_unknown = rent(world, "unknown", step).await;

    let user = format!("user-half-{step:?}");
    let body = json!({ "quote_id": world.quoted(&user, PLAIN).await });
    let start = "/api/v1/rentals/start";
    world
        .post_and_abort_at("start.eject-called", start, &fresh_key(), &body)
        .await
        .unwrap();
    let half_started: uuid::Uuid =
        sqlx::query_scalar("SELECT rental_id FROM rentals WHERE user_id = $1")
            .bind(&user)
            .fetch_one(&world.databases.rental)
            .await
            .unwrap();
    world.advance(26).await.unwrap();
    Work {
        half_started: format!("rental-{half_started}"),
        bought_out,
        hold_unknown,
        ended,
    }
}

/// What the crash left behind: everything before the step is done, nothing after it.
async fn check_wreck(world: &World, step: ReconcileStep, work: &Work) {
    let half_started = world.books(&work.half_started).await.unwrap().status;
    let bought_out = world.books(&work.bought_out).await.unwrap().status;
    let hold = async |rental_id: &str| -> String {
        sqlx::query_scalar("SELECT hold_status FROM rentals WHERE rental_id = $1")
            .bind(uuid(rental_id))
            .fetch_one(&world.databases.rental)
            .await
            .unwrap()
    };
    let (unknown, ended) = (hold(&work.hold_unknown).await, hold(&work.ended).await);
    let states = [
        half_started.as_str(),
        bought_out.as_str(),
        unknown.as_str(),
        ended.as_str(),
    ];
    let expected = match step {
        ReconcileStep::Received
        | ReconcileStep::StartsClaimed
        | ReconcileStep::StartRead
        | ReconcileStep::EjectAsked => ["PENDING", "ACTIVE", "REQUESTED", "HELD"],
        ReconcileStep::StartDecided => ["ACTIVE", "ACTIVE", "REQUESTED", "HELD"],
        ReconcileStep::BuyoutDecided
        | ReconcileStep::Copied
        | ReconcileStep::HoldsClaimed
        | ReconcileStep::HoldRead
        | ReconcileStep::HoldAsked => ["ACTIVE", "BUYOUT", "REQUESTED", "HELD"],
        ReconcileStep::ReleaseIntended => ["ACTIVE", "BUYOUT", "HELD", "RELEASING"],
        ReconcileStep::ReturnDue | ReconcileStep::ReturnCalled | ReconcileStep::Done => {
            ["ACTIVE", "BUYOUT", "HELD", "RELEASED"]
        }
    };
    // Which of the two holds that are to be released comes first is open.
    let is_either = step == ReconcileStep::ReleaseIntended && ended == "HELD";
    assert!(states == expected || is_either, "{step:?}: {states:?}");
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_reconcile_that_dies_at_any_step_is_carried_on_by_the_next() {
    let world = World::start().await;
    configs(&world, 50, 30, 100).await;
    let stock = json!({ "available_powerbanks": 1_000 });
    world
        .stub
        .put(&format!("/admin/stations/{PLAIN}"), stock)
        .await
        .unwrap();
    for step in ReconcileStep::ALL {
        let work = work(&world, *step).await;
        let ejects = world.stub.ejects().await.unwrap().len();
        let returns = async || {
            let calls = world.stub.calls("return-powerbank").await.unwrap();
            let mut keys: Vec<_> = calls
                .iter()
                .map(|call| call["idempotency_key"].to_string())
                .collect();
            keys.sort();
            keys.dedup();
            keys.len()
        };
        let returns_before = returns().await;
        world
            .abort_at(step.name(), "reconcile", scheduled_event())
            .await
            .unwrap();
        check_wreck(&world, *step, &work).await;

        world.settle_and_check().await.unwrap();
        check_wreck(&world, ReconcileStep::Done, &work).await;
        assert_eq!(
            world.stub.ejects().await.unwrap().len(),
            ejects,
            "no second power bank"
        );
        assert_eq!(
            returns().await,
            returns_before + 1,
            "one power bank came back"
        );
        for rental_id in [&work.half_started, &work.hold_unknown] {
            let books = world.books(rental_id).await.unwrap();
            assert_eq!((books.holds, books.held), (1, 500), "{step:?}");
            stop(&world, rental_id).await;
        }
        world.settle_and_check().await.unwrap();
        no_lease_is_held(&world).await;
        for rental_id in [
            &work.half_started,
            &work.bought_out,
            &work.hold_unknown,
            &work.ended,
        ] {
            let books = world.books(rental_id).await.unwrap();
            assert_eq!(Some(books.taken), books.total_amount, "{step:?}");
            assert_eq!((books.holds, books.held), (1, 0), "{step:?}");
        }
    }
}
