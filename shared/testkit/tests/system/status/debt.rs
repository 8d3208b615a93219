//! `current_debt`: what is owed, also while a part of it is being collected, or null.

use crate::checks::{fields, moment, seen, shifted, stopped};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::World;

/// Well above the two seconds that a status waits for db-billing.
const BOUND: Duration = Duration::from_secs(10);

async fn shown_debt(world: &World, rental_id: &str) -> Value {
    seen(world, rental_id).await["current_debt"].clone()
}

/// A rental of a user without money at a station without a deposit, billed once after two hours:
/// 160 are owed.
async fn owing(world: &World) -> String {
    let rented = world.rent("user-broke", "station-zaryadye").await;
    let started_at = moment(&rented.response.json(), "started_at");
    world
        .stand_still_at(shifted(started_at, 2 * 3_600))
        .await
        .unwrap();
    assert_eq!(world.tick().await.unwrap()["debts_opened"], json!(1));
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.debt, books.taken), (160, 0));
    rented.rental_id
}

#[tokio::test]
async fn what_a_declined_charge_leaves_is_the_current_debt() {
    let world = World::start().await;
    let rented = world.rent("user-broke", "station-zaryadye").await;
    let started_at = moment(&rented.response.json(), "started_at");
    world
        .stand_still_at(shifted(started_at, 2 * 3_600))
        .await
        .unwrap();
    // Due, but not yet declined.
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(0));
    world.tick().await.unwrap();
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(160));

    world
        .stand_still_at(shifted(started_at, 3 * 3_600))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rented.rental_id).await, 240);
    let status = seen(&world, &rented.rental_id).await;
    assert_eq!(status["status"], json!("FINISHED"));
    assert_eq!(status["current_debt"], json!(160));
    world.advance(3 * 3_600).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(240));
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.debt, books.taken, books.holds), (240, 0, 0));
}

#[tokio::test]
async fn a_collection_whose_outcome_is_unknown_is_still_owed() {
    let world = World::start().await;
    let rental_id = owing(&world).await;
    world.advance(2 * 3_600).await.unwrap();
    stopped(&world, &rental_id).await;
    let unheard = json!({ "endpoint": "clear-money-for-order", "mode": "fail" });
    world.stub.fault(unheard).await.unwrap();
    world.advance(61).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(tick["unknown"], json!(1), "{tick}");

    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.open, books.taken), (100, 0));
    let total = books.total_amount.unwrap();
    assert_eq!(books.debt, total.checked_sub(100).unwrap());
    assert_eq!(shown_debt(&world, &rental_id).await, json!(total));

    // Collected in three steps or two, by the tick that follows each success.
    world.stub.heal().await.unwrap();
    world.stub.set_balance("user-broke", 1_000).await.unwrap();
    for _ in 0..4 {
        world.advance(61).await.unwrap();
        world.tick().await.unwrap();
        let owed = world.books(&rental_id).await.unwrap();
        assert_eq!(shown_debt(&world, &rental_id).await, json!(owed.debt));
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (0, total, total));
    assert_eq!(shown_debt(&world, &rental_id).await, json!(0));
}

#[tokio::test]
async fn a_charge_whose_outcome_is_unknown_is_no_debt() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let unheard = json!({ "endpoint": "clear-money-for-order", "mode": "garbage" });
    world.stub.fault(unheard).await.unwrap();
    world.advance(44 * 60 + 30).await.unwrap();
    world.tick().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().open, 45);
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(0));

    world.stub.heal().await.unwrap();
    let total = stopped(&world, &rented.rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(0));
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
}

#[tokio::test]
async fn each_rental_shows_its_own_debt_only() {
    let world = World::start().await;
    let indebted = owing(&world).await;
    world.advance(2 * 3_600).await.unwrap();
    let other = world.rent("user-broke", "station-zaryadye").await;
    assert_eq!(shown_debt(&world, &other.rental_id).await, json!(0));
    assert_eq!(shown_debt(&world, &indebted).await, json!(160));
    world.settle_and_check().await.unwrap();
}

/// The status of a rental that owes 160, with db-billing taken away: all of it but the debt.
async fn status_without_billing(world: &World, rental_id: &str) {
    let asked = Instant::now();
    let status = world.status(rental_id).await.unwrap();
    assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
    assert_eq!(status.status, 200, "{}", status.body);
    assert!(fields(&status).contains(&"current_debt".to_owned()));
    let body = status.json();
    assert_eq!(body["current_debt"], Value::Null);
    assert_eq!(body["status"], json!("ACTIVE"));
    assert_eq!(body["total_amount"], json!(160));
    assert_eq!(body["duration_minutes"], json!(120));
}

#[tokio::test]
async fn while_db_billing_is_gone_the_debt_is_null_and_the_rest_is_told() {
    let world = World::start().await;
    let rental_id = owing(&world).await;
    world.billing_proxy.cut();
    status_without_billing(&world, &rental_id).await;
    world.billing_proxy.open();
    assert_eq!(shown_debt(&world, &rental_id).await, json!(160));

    // Now with a connection that was good a moment ago.
    world.billing_proxy.cut();
    status_without_billing(&world, &rental_id).await;
    world.billing_proxy.open();
    assert_eq!(shown_debt(&world, &rental_id).await, json!(160));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn while_db_billing_hangs_the_debt_is_null_within_bounded_time() {
    let world = World::start().await;
    let rental_id = owing(&world).await;
    world.billing_proxy.freeze();
    status_without_billing(&world, &rental_id).await;
    world.billing_proxy.open();
    assert_eq!(shown_debt(&world, &rental_id).await, json!(160));

    world.billing_proxy.freeze();
    status_without_billing(&world, &rental_id).await;
    world.billing_proxy.open();
    assert_eq!(shown_debt(&world, &rental_id).await, json!(160));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_rental_of_which_billing_has_not_heard_owes_nothing() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rented = world.rent("user-123", "station-456").await;
    assert_eq!(shown_debt(&world, &rented.rental_id).await, Value::Null);
    world.billing_proxy.open();
    assert_eq!(shown_debt(&world, &rented.rental_id).await, json!(0));
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 500);
}
