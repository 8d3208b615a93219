//! `resolve-hold`: a deposit of which nobody knows whether it is held.

use super::{HOURS, hold_resolved, recorded, refused, resolve_hold, unknown_hold, unknown_start};
use crate::billed::{BROKE, PLAIN, RICH, int, next_tick, sql, stop, text, uuid};
use crate::probe::{
    assert_unavailable, calls, deposit, fault, fault_once, hold_status, releases, rental_of,
};
use futures::future::join_all;
use serde_json::json;
use testkit::{World, fresh_key};

const HOLD: &str = "hold-money-for-order";

#[tokio::test]
async fn a_deposit_that_is_held_after_all_is_kept_while_the_rental_runs_and_released_after_it() {
    let world = World::start().await;
    let rental_id = unknown_hold(&world, RICH).await;
    let shown = resolve_hold(&world, &rental_id, "held").await.unwrap();
    assert_eq!(text(&shown["rental"]["hold"], "status"), "HELD");
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rental_id).await.0, 1);
    assert_eq!(hold_status(&world, &rental_id).await, "HELD");

    // It is waived no longer: the user may rent another one without a deposit.
    fault(
        &world,
        json!({ "endpoint": HOLD, "mode": "fail", "status": 400 }),
    )
    .await;
    let other = world.rent(RICH, PLAIN).await.rental_id;
    world.stub.heal().await.unwrap();
    for rental_id in [&rental_id, &other] {
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(hold_status(&world, &rental_id).await, "RELEASED");
    assert_eq!(recorded(&world, &rental_id).await, ["resolve-hold"]);
}

#[tokio::test]
async fn a_deposit_that_is_not_held_is_asked_for_no_more() {
    let world = World::start().await;
    fault(&world, json!({ "endpoint": HOLD, "mode": "fail" })).await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    world.advance(24 * HOURS).await.unwrap();
    world.stub.heal().await.unwrap();
    let shown = resolve_hold(&world, &rental_id, "not-held").await.unwrap();
    assert_eq!(text(&shown["rental"]["hold"], "status"), "NONE");
    stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((Some(books.taken), books.holds), (books.total_amount, 0));
    assert_eq!(releases(&world, &rental_id).await, json!(0));
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report["books"], "holds_left_to_a_person"), 0);
}

#[tokio::test]
async fn a_deposit_that_is_held_for_a_rental_that_is_settled_is_released_at_once() {
    let world = World::start().await;
    let rental_id = unknown_hold(&world, RICH).await;
    stop(&world, &rental_id).await;
    next_tick(&world).await;
    world.reconcile().await.unwrap();
    resolve_hold(&world, &rental_id, "held").await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report, "holds_released"), 1, "{report}");
    assert_eq!(deposit(&world, &rental_id).await, (1, 0));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_deposit_that_is_held_for_a_start_that_failed_is_released_at_once() {
    let world = World::start().await;
    fault(&world, json!({ "endpoint": HOLD, "mode": "lose" })).await;
    let quote_id = world.quoted("user-new", PLAIN).await;
    assert_unavailable(&world.start_rental(&quote_id, &fresh_key()).await.unwrap());
    world.advance(26).await.unwrap();
    world.reconcile().await.unwrap();
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    world.advance(24 * HOURS).await.unwrap();
    world.stub.heal().await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report["books"], "holds_left_to_a_person"), 1);
    resolve_hold(&world, &failed.rental_id, "held")
        .await
        .unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report, "holds_released"), 1, "{report}");
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    world.settle_and_check().await.unwrap();
}

/// It would deny what it did, and hold a second deposit.
#[tokio::test]
async fn a_retry_does_not_ask_a_provider_that_may_have_forgotten_the_hold() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    let quote_id = world.quoted("user-new", PLAIN).await;
    let key = fresh_key();
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
    world.advance(23 * HOURS + 30).await.unwrap();
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
    assert_eq!(calls(&world, HOLD).await, 1);

    world.reconcile().await.unwrap();
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    resolve_hold(&world, &failed.rental_id, "held")
        .await
        .unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_hold_about_which_nothing_is_unknown_stays_as_it_is() {
    let world = World::start().await;
    let held = world.rent(RICH, PLAIN).await.rental_id;
    let declined = world.rent(BROKE, PLAIN).await.rental_id;
    let none = world.rent("user-anna", "station-zaryadye").await.rental_id;
    world.advance(24 * HOURS).await.unwrap();
    for (rental_id, status) in [(&held, "HELD"), (&declined, "DECLINED"), (&none, "NONE")] {
        for outcome in ["held", "not-held"] {
            let error = refused(&world, rental_id, hold_resolved(rental_id, outcome)).await;
            assert!(error.contains(status), "{error}");
        }
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_reconcile_still_asks_about_is_not_a_persons_to_decide() {
    let world = World::start().await;
    fault(&world, json!({ "endpoint": HOLD, "mode": "lose" })).await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    for seconds in [26, 22 * HOURS] {
        world.advance(seconds).await.unwrap();
        for outcome in ["held", "not-held"] {
            let error = refused(&world, &rental_id, hold_resolved(&rental_id, outcome)).await;
            assert!(error.contains("still asked about"), "{error}");
        }
    }
    world.stub.heal().await.unwrap();
    world.reconcile().await.unwrap();
    assert_eq!(hold_status(&world, &rental_id).await, "HELD");
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn the_hold_of_a_start_that_is_not_decided_waits_for_the_start() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    let start = unknown_start(&world, RICH, "fail").await;
    assert_eq!(hold_status(&world, &start.rental_id).await, "REQUESTED");
    let command = hold_resolved(&start.rental_id, "held");
    let error = refused(&world, &start.rental_id, command).await;
    assert!(error.contains("start is to be decided first"), "{error}");
    super::resolve_eject(&world, &start.rental_id, json!("not-ejected"))
        .await
        .unwrap();
    resolve_hold(&world, &start.rental_id, "held")
        .await
        .unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &start.rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_hold_that_somebody_works_on_right_now_is_left_to_them() {
    let world = World::start().await;
    let rental_id = unknown_hold(&world, RICH).await;
    let taken = format!(
        "UPDATE rentals SET lease_token = gen_random_uuid(),
                lease_until = app_now() + interval '20 seconds'
         WHERE rental_id = '{}'",
        uuid(&rental_id)
    );
    sql(&world.databases.rental, taken).await;
    let error = refused(&world, &rental_id, hold_resolved(&rental_id, "held")).await;
    assert!(error.contains("right now"), "{error}");
    world.advance(21).await.unwrap();
    resolve_hold(&world, &rental_id, "held").await.unwrap();
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn of_several_who_say_it_at_once_beside_reconciles_one_is_heard() {
    let world = World::start().await;
    let rental_id = unknown_hold(&world, RICH).await;
    let command = hold_resolved(&rental_id, "held");
    let (answers, reconciled) = tokio::join!(
        join_all((0..4).map(|_| world.operator(command.clone()))),
        join_all((0..3).map(|_| world.reconcile())),
    );
    assert!(reconciled.iter().all(Result::is_ok), "{reconciled:?}");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(recorded(&world, &rental_id).await.len(), 1);
    stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rental_id).await, (1, 0));
}
