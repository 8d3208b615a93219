//! Starts while a database is away.

use crate::probe::{
    assert_in_flight, assert_unavailable, calls, deposit, ejects, fault, rental_count, rental_of,
    until_called,
};
use serde_json::json;
use testkit::{World, fresh_key};

async fn is_known_to_billing(world: &World, rental_id: &str) -> bool {
    let shown = world.show(rental_id).await.unwrap();
    !shown["billing"].is_null()
}

#[tokio::test]
async fn a_start_succeeds_without_db_billing_and_reconcile_delivers_the_copy_afterwards() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rented = world.rent("user-123", "station-456").await;
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    let away = world.reconcile().await.unwrap();
    assert_eq!(away["copied"], json!(0));

    world.billing_proxy.open();
    assert!(!is_known_to_billing(&world, &rented.rental_id).await);
    let back = world.reconcile().await.unwrap();
    assert_eq!(
        (&back["copied"], &back["failures"]),
        (&json!(1), &json!([]))
    );
    assert!(is_known_to_billing(&world, &rented.rental_id).await);

    world.advance(44 * 60).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(tick["charged_amount"], json!(44));
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_start_succeeds_while_db_billing_is_frozen_and_reconcile_delivers_the_copy_afterwards() {
    let world = World::start().await;
    world.billing_proxy.freeze();
    let rented = world.rent("user-123", "station-456").await;
    let repeated = world.start_rental(&rented.quote_id, &rented.key).await;
    assert_eq!(repeated.unwrap(), rented.response);

    world.billing_proxy.open();
    assert_eq!(world.reconcile().await.unwrap()["copied"], json!(1));
    assert!(is_known_to_billing(&world, &rented.rental_id).await);
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_start_without_db_rental_does_nothing_and_succeeds_when_it_is_back() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    world.rental_proxy.cut();
    let away = world.start_rental(&quote_id, &key).await.unwrap();
    assert_unavailable(&away);
    assert_eq!(calls(&world, "hold-money-for-order").await, 0);
    assert_eq!(ejects(&world).await, 0);

    world.rental_proxy.open();
    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

/// db-rental goes while `endpoint` is being called, and comes back after the client was refused.
async fn lose_db_rental_during(endpoint: &str) {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    fault(
        &world,
        json!({ "endpoint": endpoint, "mode": "late", "delay_ms": 700, "times": 1 }),
    )
    .await;
    let cut = async {
        until_called(&world, endpoint, 1).await;
        world.rental_proxy.cut();
    };
    let (away, ()) = tokio::join!(world.start_rental(&quote_id, &key), cut);
    assert_unavailable(&away.unwrap());

    world.rental_proxy.open();
    let too_early = world.start_rental(&quote_id, &key).await.unwrap();
    assert_in_flight(&too_early);
    world.advance(26).await.unwrap();
    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let repeated = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(repeated, started);
    assert_eq!((rental_count(&world).await, ejects(&world).await), (1, 1));
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_start_whose_database_goes_during_the_hold_goes_on_with_that_hold() {
    lose_db_rental_during("hold-money-for-order").await;
}

#[tokio::test]
async fn a_start_whose_database_goes_during_the_eject_goes_on_with_that_power_bank() {
    lose_db_rental_during("eject-powerbank").await;
}
