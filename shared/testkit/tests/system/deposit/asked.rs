//! Holds that were unknown when their start was over: reconcile asks about them.

use super::HOLD;
use crate::probe::{
    assert_error, calls, deposit, ejects, fault, fault_once, hold_status, rental_of, set_stock,
    stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

#[tokio::test]
async fn an_unknown_hold_that_was_made_is_kept_and_released_only_at_the_end() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    let rented = world.rent("user-123", "station-456").await;
    assert_eq!(hold_status(&world, &rented.rental_id).await, "REQUESTED");
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));

    world.advance(60).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["holds_resolved"], json!(1));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));

    stopped(&world, &rented.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
    assert_eq!(ejects(&world).await, 1);
}

#[tokio::test]
async fn an_unknown_hold_that_was_never_made_is_not_made_by_asking_late() {
    let world = World::start().await;
    fault_once(&world, HOLD, "fail").await;
    let rented = world.rent("user-123", "station-456").await;

    world.advance(60).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["holds_resolved"], json!(1));
    assert_eq!(calls(&world, HOLD).await, 2);
    assert_eq!(deposit(&world, &rented.rental_id).await, (0, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "NONE");
    stopped(&world, &rented.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(
        calls(&world, HOLD).await,
        2,
        "once known, nobody asks again"
    );
    assert_eq!(calls(&world, "release-money-for-order").await, 0);
}

#[tokio::test]
async fn an_unknown_hold_that_is_asked_about_in_time_is_made_and_kept() {
    let world = World::start().await;
    fault_once(&world, HOLD, "fail").await;
    let rented = world.rent("user-123", "station-456").await;
    assert_eq!(deposit(&world, &rented.rental_id).await, (0, 0));

    assert_eq!(world.reconcile().await.unwrap()["holds_resolved"], json!(1));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
    let asked = world.stub.calls(HOLD).await.unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["idempotency_key"], asked[1]["idempotency_key"]);
    stopped(&world, &rented.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
}

#[tokio::test]
async fn the_unknown_hold_of_a_start_that_failed_is_released_when_it_turns_out_held() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    fault_once(&world, HOLD, "lose").await;
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 500));

    world.reconcile().await.unwrap();
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &failed.rental_id).await, "RELEASED");
    world.settle_and_check().await.unwrap();
    assert_eq!(ejects(&world).await, 0);
}

#[tokio::test]
async fn a_hold_is_asked_about_until_the_provider_answers() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    let rented = world.rent("user-123", "station-456").await;
    fault(
        &world,
        json!({ "endpoint": HOLD, "mode": "fail", "times": 2 }),
    )
    .await;
    for _ in 0..2 {
        world.advance(60).await.unwrap();
        let report = world.reconcile().await.unwrap();
        assert_eq!(report["holds_unknown"], json!(1));
        assert_eq!(hold_status(&world, &rented.rental_id).await, "REQUESTED");
    }
    world.advance(60).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap()["holds_resolved"], json!(1));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_is_still_unknown_at_the_end_is_released_when_it_turns_out_held() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    let rented = world.rent("user-123", "station-456").await;
    stopped(&world, &rented.rental_id, "station-456").await;
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));

    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
    assert_eq!(ejects(&world).await, 1);
}

#[tokio::test]
async fn an_unknown_deposit_counts_as_none_until_it_is_known_to_be_held() {
    let world = World::start().await;
    fault_once(&world, HOLD, "lose").await;
    world.rent("user-123", "station-456").await;
    fault_once(&world, HOLD, "fail").await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let second = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(second.status, 402, "{}", second.body);
    assert_eq!(ejects(&world).await, 1);

    world.advance(30).await.unwrap();
    world.reconcile().await.unwrap();
    fault_once(&world, HOLD, "fail").await;
    let third = world.rent("user-123", "station-456").await;
    assert_eq!(deposit(&world, &third.rental_id).await, (0, 0));
    assert_eq!(ejects(&world).await, 2);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn the_unknown_hold_of_a_second_rental_without_a_deposit_is_released_when_it_was_made() {
    let world = World::start().await;
    fault_once(&world, HOLD, "fail").await;
    let first = world.rent("user-123", "station-456").await;
    let quote_id = world.quoted("user-123", "station-456").await;
    fault_once(&world, HOLD, "lose").await;
    let second = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(second.status, 402, "{}", second.body);
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 500));

    world.advance(30).await.unwrap();
    world.reconcile().await.unwrap();
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &failed.rental_id).await, "RELEASED");
    assert_eq!(deposit(&world, &first.rental_id).await, (0, 0));
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}
