//! A quote's sixty seconds, and the day for which it is remembered after them.

use crate::checks::{Moment, count, moment, nothing_moved, only_rental, refusal, shifted, stopped};
use serde_json::json;
use testkit::{World, fresh_key};

const HOUR: i64 = 3_600;

/// When the only quote was made and when it expires.
async fn lifetime(world: &World) -> (Moment, Moment) {
    sqlx::query_as("SELECT created_at, expires_at FROM quotes")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

fn a_moment_before(moment: Moment) -> Moment {
    let micros = moment.timestamp_micros().checked_sub(1).unwrap();
    Moment::from_timestamp_micros(micros).unwrap()
}

#[tokio::test]
async fn a_quote_serves_until_the_last_moment_of_its_sixty_seconds() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let (created_at, expires_at) = lifetime(&world).await;
    assert_eq!(expires_at, shifted(created_at, 60));

    world
        .stand_still_at(a_moment_before(expires_at))
        .await
        .unwrap();
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 200, "{}", start.body);
    let rental_id = only_rental(&world).await;
    assert_eq!(start.json()["rental_id"], json!(rental_id));
    assert!(moment(&start.json(), "started_at") < expires_at);

    world.advance(120).await.unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 0);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
}

#[tokio::test]
async fn at_sixty_seconds_a_quote_is_expired_and_its_start_moves_nothing() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let (_, expires_at) = lifetime(&world).await;
    world.stand_still_at(expires_at).await.unwrap();

    let key = fresh_key();
    let start = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(refusal(&start, 400), "Quote expired");
    assert_eq!(start.body, r#"{"error":"Quote expired"}"#);
    assert_eq!(count(&world, "SELECT count(*) FROM rentals").await, 0);
    nothing_moved(&world).await;

    // The refusal is not stored: the key is free for a quote that serves.
    world.advance(120).await.unwrap();
    let quote_id = world.quoted("user-123", "station-456").await;
    let start = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(start.status, 200, "{}", start.body);
    world.settle_and_check().await.unwrap();
    let books = world.books(&only_rental(&world).await).await.unwrap();
    assert_eq!((books.taken, books.held), (0, 500));
}

#[tokio::test]
async fn an_expired_quote_is_400_for_a_day_and_404_after_its_purge() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();

    for hours in [1, 22] {
        world.advance(hours * HOUR).await.unwrap();
        let reconcile = world.reconcile().await.unwrap();
        assert_eq!(reconcile["quotes_purged"], json!(0), "{reconcile}");
        let start = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(refusal(&start, 400), "Quote expired");
    }

    world.advance(2 * HOUR).await.unwrap();
    let reconcile = world.reconcile().await.unwrap();
    assert_eq!(reconcile["quotes_purged"], json!(1), "{reconcile}");
    let start = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(refusal(&start, 404), "Quote not found");
    assert_eq!(count(&world, "SELECT count(*) FROM rentals").await, 0);
    nothing_moved(&world).await;
}

#[tokio::test]
async fn the_purge_leaves_the_rental_of_a_quote_alone_and_makes_no_second_one() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(25 * HOUR).await.unwrap();
    let reconcile = world.reconcile().await.unwrap();
    assert_eq!(reconcile["quotes_purged"], json!(1), "{reconcile}");
    assert_eq!(reconcile["idempotency_keys_purged"], json!(1));

    let again = world.start_rental(&rented.quote_id, &rented.key).await;
    assert_eq!(refusal(&again.unwrap(), 404), "Quote not found");
    assert_eq!(only_rental(&world).await, rented.rental_id);
    assert_eq!(world.stub.ejects().await.unwrap().len(), 1);

    let total = stopped(&world, &rented.rental_id).await;
    assert!((1_500..=1_502).contains(&total), "{total}");
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (total, 1, 0));
}
