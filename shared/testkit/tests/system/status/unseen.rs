//! Rentals of which a status says nothing: unknown ones, and those that never started.

use crate::checks::{only_rental, outage, refusal, seen};
use serde_json::json;
use testkit::{World, fresh_key};
use uuid::Uuid;

const START: &str = "/api/v1/rentals/start";

/// Leaves a start of `user_id` cut off at `step`. Returns its rental, of which no client knows.
async fn cut_off(world: &World, user_id: &str, step: &str) -> String {
    let quote_id = world.quoted(user_id, "station-456").await;
    let body = json!({ "quote_id": quote_id });
    world
        .post_and_abort_at(step, START, &fresh_key(), &body)
        .await
        .unwrap();
    only_rental(world).await
}

async fn is_404(world: &World, rental_id: &str) {
    let status = world.status(rental_id).await.unwrap();
    assert_eq!(refusal(&status, 404), "Rental not found", "{rental_id}");
}

#[tokio::test]
async fn a_rental_that_is_pending_is_404_and_so_it_is_once_it_failed() {
    let world = World::start().await;
    let rental_id = cut_off(&world, "user-123", "start.begun").await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(books.status, "PENDING");
    is_404(&world, &rental_id).await;

    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.held), ("FAILED", 0));
    assert!(world.stub.ejects().await.unwrap().is_empty());
    is_404(&world, &rental_id).await;
}

#[tokio::test]
async fn a_rental_that_is_pending_with_its_bank_out_is_404_until_it_is_active() {
    let world = World::start().await;
    let rental_id = cut_off(&world, "user-123", "start.eject-called").await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.held), ("PENDING", 500));
    is_404(&world, &rental_id).await;

    world.settle_and_check().await.unwrap();
    let status = seen(&world, &rental_id).await;
    assert_eq!(status["status"], json!("ACTIVE"));
    assert_eq!(status["powerbank_id"], json!("pb-001"));
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 500));
}

#[tokio::test]
async fn a_start_that_found_the_station_empty_leaves_a_404() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let emptied = json!({ "available_powerbanks": 0 });
    world
        .stub
        .put("/admin/stations/station-456", emptied)
        .await
        .unwrap();
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(refusal(&start, 409), "No power bank could be ejected");

    let rental_id = only_rental(&world).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(books.status, "FAILED");
    assert_eq!((books.holds, books.held, books.taken), (1, 0, 0));
    is_404(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_start_without_a_deposit_leaves_a_404() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new-broke", "station-456").await;
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(refusal(&start, 402), "Deposit declined");
    let rental_id = only_rental(&world).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.holds), ("FAILED", 0));
    is_404(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn unknown_and_malformed_ids_are_404() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let uuid = rented.rental_id.strip_prefix("rental-").unwrap();
    let simple = uuid.parse::<Uuid>().unwrap().simple();
    for rental_id in [
        format!("rental-{}", Uuid::nil()),
        format!("rental-{}", fresh_key()),
        rented.quote_id.clone(),
        uuid.to_owned(),
        uuid.to_uppercase(),
        format!("rental-{}", uuid.to_uppercase()),
        format!("RENTAL-{uuid}"),
        format!("rental-{simple}"),
        format!("rental-{{{uuid}}}"),
        format!("rental-{uuid} "),
        format!("rental-{uuid}%20"),
        format!("rental-{uuid}'--"),
        "rental-' OR '1'='1".to_owned(),
        "rental-".to_owned(),
        "quote".to_owned(),
        "аренда-1".to_owned(),
        "rental-\u{0}".to_owned(),
        "x".repeat(10_000),
    ] {
        is_404(&world, &rental_id).await;
    }
    assert_eq!(
        seen(&world, &rented.rental_id).await["status"],
        json!("ACTIVE")
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn without_db_rental_a_status_is_503_and_not_404() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.rental_proxy.cut();
    outage(&world.status(&rented.rental_id).await.unwrap());
    world.rental_proxy.open();
    assert_eq!(
        seen(&world, &rented.rental_id).await["status"],
        json!("ACTIVE")
    );
    world.check_laws().await.unwrap();
}
