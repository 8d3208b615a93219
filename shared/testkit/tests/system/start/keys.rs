//! The `Idempotency-Key` of a start.

use crate::probe::{
    assert_error, deposit, ejects, rental_count, rental_of, rentals_of, set_stock, stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

#[tokio::test]
async fn a_repeated_start_gives_the_same_bytes_while_it_runs_after_the_stop_and_after_the_books() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let again = async || {
        let repeated = world.start_rental(&rented.quote_id, &rented.key).await;
        assert_eq!(repeated.unwrap(), rented.response);
    };

    again().await;
    world.advance(30 * 60).await.unwrap();
    again().await;
    stopped(&world, &rented.rental_id, "station-456").await;
    again().await;
    world.settle_and_check().await.unwrap();
    again().await;

    assert_eq!(rental_count(&world).await, 1);
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_refusal_for_want_of_a_deposit_is_stored_and_repeated_even_when_there_is_money_now() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new-broke", "station-456").await;
    let key = fresh_key();
    let refused = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&refused, 402, "Deposit declined");

    world
        .stub
        .set_balance("user-new-broke", 1_000)
        .await
        .unwrap();
    let repeated = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(repeated, refused);
    assert_eq!(ejects(&world).await, 0);
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    assert_eq!(deposit(&world, &failed.rental_id).await, (0, 0));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_failed_eject_is_stored_and_repeated_even_when_there_are_power_banks_now() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    let key = fresh_key();
    let refused = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");

    set_stock(&world, "station-456", 5).await;
    let repeated = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(repeated, refused);
    assert_eq!(ejects(&world).await, 0);
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_key_that_served_another_quote_is_refused_and_starts_nothing() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let other = world.quoted("user-anna", "station-456").await;
    let reused = world.start_rental(&other, &rented.key).await.unwrap();
    assert_error(
        &reused,
        422,
        "Idempotency-Key was used with a different request",
    );

    assert_eq!(rentals_of(&world, &other).await, []);
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    let repeated = world.start_rental(&rented.quote_id, &rented.key).await;
    assert_eq!(repeated.unwrap(), rented.response);
    let fresh = world.start_rental(&other, &fresh_key()).await.unwrap();
    assert_eq!(fresh.status, 200, "{}", fresh.body);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_key_lives_for_a_day_and_serves_another_start_after_the_purge() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    stopped(&world, &rented.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();

    world.advance(86_400 - 1_000).await.unwrap();
    world.reconcile().await.unwrap();
    let repeated = world.start_rental(&rented.quote_id, &rented.key).await;
    assert_eq!(repeated.unwrap(), rented.response);

    world.advance(1_000).await.unwrap();
    let purged = world.reconcile().await.unwrap();
    assert_eq!(
        purged["idempotency_keys_purged"],
        json!(2),
        "of start and stop"
    );
    let quote_id = world.quoted("user-123", "station-456").await;
    let started = world.start_rental(&quote_id, &rented.key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let second = rental_of(&world, &quote_id).await;
    assert_ne!(second.rental_id, rented.rental_id);
    assert_eq!(ejects(&world).await, 2);
    assert_eq!(deposit(&world, &second.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_key_older_than_a_day_is_free_before_the_purge_and_its_old_request_has_no_second_effect()
{
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(86_400 + 1).await.unwrap();

    let late = world.start_rental(&rented.quote_id, &rented.key).await;
    assert_error(&late.unwrap(), 400, "Quote expired");
    assert_eq!(ejects(&world).await, 1);

    let quote_id = world.quoted("user-anna", "station-456").await;
    let started = world.start_rental(&quote_id, &rented.key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let repeated = world.start_rental(&quote_id, &rented.key).await.unwrap();
    assert_eq!(repeated, started);
    assert_eq!((rental_count(&world).await, ejects(&world).await), (2, 2));
    world.check_laws().await.unwrap();
}
