//! What a quote is good for.

use crate::probe::{
    assert_error, calls, deposit, ejects, hold_status, rental_count, rental_moment, rental_of,
    rentals_of, set_stock, stop_rental_clock_at, stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

#[tokio::test]
async fn a_used_quote_under_another_key_is_refused_while_the_rental_runs_and_after_its_end() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let used = async || {
        let other = world.start_rental(&rented.quote_id, &fresh_key()).await;
        assert_error(&other.unwrap(), 409, "Quote already used");
        assert_eq!(
            rental_of(&world, &rented.quote_id).await.rental_id,
            rented.rental_id
        );
        assert_eq!(
            (
                ejects(&world).await,
                calls(&world, "hold-money-for-order").await
            ),
            (1, 1)
        );
    };

    used().await;
    stopped(&world, &rented.rental_id, "station-456").await;
    used().await;
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn the_refusal_of_a_quote_that_is_used_expired_or_unknown_is_not_stored_under_the_key() {
    let world = World::start().await;
    let expired = world.quoted("user-123", "station-456").await;
    world.advance(60).await.unwrap();
    let used = world.rent("user-123", "station-456").await.quote_id;
    let unknown = "quote-00000000-0000-7000-8000-000000000000".to_owned();
    let refusals = [
        (expired, 400, "Quote expired"),
        (used, 409, "Quote already used"),
        (unknown, 404, "Quote not found"),
    ];
    let key = fresh_key();
    for (quote_id, status, error) in &refusals {
        let refused = world.start_rental(quote_id, &key).await.unwrap();
        assert_error(&refused, *status, error);
    }

    let quote_id = world.quoted("user-123", "station-456").await;
    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    assert_eq!((rental_count(&world).await, ejects(&world).await), (2, 2));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_expired_quote_is_refused_to_the_letter_for_a_day_and_unknown_after_it() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    let expired = async || {
        let refused = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(refused.status, 400);
        assert_eq!(refused.body, r#"{"error":"Quote expired"}"#);
    };

    world.advance(60).await.unwrap();
    expired().await;
    world.advance(86_400 - 60).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap()["quotes_purged"], json!(0));
    expired().await;
    world.advance(61).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap()["quotes_purged"], json!(1));
    let unknown = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&unknown, 404, "Quote not found");
    assert_eq!((rental_count(&world).await, ejects(&world).await), (0, 0));
    assert_eq!(calls(&world, "hold-money-for-order").await, 0);
}

#[tokio::test]
async fn a_quote_is_good_until_the_second_before_it_expires_and_not_at_that_second() {
    let world = World::start().await;
    let late = world.quoted("user-123", "station-456").await;
    let moment = rental_moment(&world, "expires_at", &late, 0).await;
    stop_rental_clock_at(&world, &moment).await;
    let refused = world.start_rental(&late, &fresh_key()).await.unwrap();
    assert_error(&refused, 400, "Quote expired");
    assert_eq!((rental_count(&world).await, ejects(&world).await), (0, 0));

    let moment = rental_moment(&world, "expires_at", &late, -1).await;
    stop_rental_clock_at(&world, &moment).await;
    let started = world.start_rental(&late, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    assert_eq!((rental_count(&world).await, ejects(&world).await), (1, 1));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_quote_that_nobody_made_is_not_found() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let uuid = quote_id.trim_start_matches("quote-");
    let malformed = [
        "quote-00000000-0000-7000-8000-000000000000".to_owned(),
        String::new(),
        "quote-".to_owned(),
        "quote-789".to_owned(),
        uuid.to_owned(),
        format!("rental-{uuid}"),
        format!("quote-{}", uuid.to_uppercase()),
        format!("quote-{}", uuid.replace('-', "")),
        format!("{quote_id} "),
        "x".repeat(10_000),
        "'; DROP TABLE quotes; --\u{0}".to_owned(),
    ];
    for malformed in &malformed {
        let refused = world.start_rental(malformed, &fresh_key()).await.unwrap();
        assert_error(&refused, 404, "Quote not found");
    }
    assert_eq!((rental_count(&world).await, ejects(&world).await), (0, 0));
    assert_eq!(calls(&world, "hold-money-for-order").await, 0);

    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_failed_start_gives_the_quote_back_under_a_new_key() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    for _ in 0..2 {
        let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
        assert_error(&refused, 409, "No power bank could be ejected");
    }
    set_stock(&world, "station-456", 5).await;
    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);

    let rentals = rentals_of(&world, &quote_id).await;
    let states: Vec<_> = rentals
        .iter()
        .map(|rental| rental.status.as_str())
        .collect();
    assert_eq!(states, ["FAILED", "FAILED", "ACTIVE"]);
    for failed in &rentals[..2] {
        assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
        assert_eq!(hold_status(&world, &failed.rental_id).await, "RELEASED");
    }
    assert_eq!(deposit(&world, &rentals[2].rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    let used = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&used, 409, "Quote already used");
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_failed_start_gives_the_quote_back_for_no_longer_than_what_remains_of_its_minute() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    world.advance(30).await.unwrap();
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");

    set_stock(&world, "station-456", 5).await;
    world.advance(30).await.unwrap();
    let expired = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&expired, 400, "Quote expired");
    assert_eq!(ejects(&world).await, 0);
    world.settle_and_check().await.unwrap();
}
