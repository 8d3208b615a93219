//! The `Idempotency-Key` of a stop, and a second stop.

use super::STATION;
use crate::probe::{assert_error, calls, deposit, stock, stopped};
use serde_json::json;
use testkit::{World, fresh_key};

const RETURN: &str = "return-powerbank";

#[tokio::test]
async fn a_repeated_stop_gives_the_same_bytes_for_a_day() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    let key = fresh_key();
    let stop = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(stop.json()["total_amount"], json!(45));
    for seconds in [0, 60, 3_600, 80_000] {
        world.advance(seconds).await.unwrap();
        let repeated = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
        assert_eq!(repeated, stop);
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (45, 1, 0));
    assert_eq!(calls(&world, RETURN).await, 1);
}

#[tokio::test]
async fn a_key_that_stopped_another_rental_or_elsewhere_is_refused_and_stops_nothing() {
    let world = World::start().await;
    let first = world.rent("user-123", STATION).await;
    let second = world.rent("user-anna", STATION).await;
    let key = fresh_key();
    let stop = world.stop(&first.rental_id, STATION, &key).await.unwrap();
    assert_eq!(stop.status, 200, "{}", stop.body);

    for (rental_id, station_id) in [
        (&second.rental_id, STATION),
        (&first.rental_id, "station-gum"),
    ] {
        let reused = world.stop(rental_id, station_id, &key).await.unwrap();
        assert_error(
            &reused,
            422,
            "Idempotency-Key was used with a different request",
        );
    }
    let status = world.status(&second.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("ACTIVE"));
    let repeated = world.stop(&first.rental_id, STATION, &key).await.unwrap();
    assert_eq!(repeated, stop);
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &first.rental_id).await, (1, 0));
    assert_eq!(deposit(&world, &second.rental_id).await, (1, 500));
    assert_eq!(calls(&world, RETURN).await, 1);
}

#[tokio::test]
async fn a_second_stop_under_another_key_returns_the_final_state_and_ends_nothing_again() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    for station_id in [STATION, "station-gum"] {
        world.advance(600).await.unwrap();
        let second = stopped(&world, &rented.rental_id, station_id).await;
        assert_eq!(second, stop);
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (45, 1, 0));
    assert_eq!(calls(&world, RETURN).await, 1);
    assert_eq!(stock(&world, STATION).await, json!(5));
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert_eq!(shown["transitions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_stop_whose_key_was_purged_returns_the_final_state() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let key = fresh_key();
    let stop = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    world.settle_and_check().await.unwrap();
    world.advance(86_400).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        report["idempotency_keys_purged"],
        json!(2),
        "of start and stop"
    );

    let late = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(late, stop);
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(calls(&world, RETURN).await, 1);
}
