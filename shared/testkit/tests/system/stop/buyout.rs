//! Stops around and after the moment of the buyout.

use super::{STATION, stopped_after};
use crate::probe::{
    calls, deposit, hold_status, rental_moment, stock, stop_rental_clock_at, stopped,
};
use serde_json::{Value, json};
use testkit::{Rented, World};

/// At 60 an hour the first second past that of 4,999: `ceil(60 * s / 3600) = 5000`.
const BUYOUT_SEC: i64 = 299_941;

async fn is_bought_out(world: &World, rented: &Rented, body: &Value) {
    assert_eq!(body["status"], json!("BUYOUT"));
    assert_eq!(body["total_amount"], json!(5_000));
    assert_eq!(body["duration_minutes"], json!(BUYOUT_SEC / 60));
    let seconds: i64 =
        sqlx::query_scalar("SELECT extract(epoch FROM $1::timestamptz - $2::timestamptz)::bigint")
            .bind(body["finished_at"].as_str().unwrap())
            .bind(body["started_at"].as_str().unwrap())
            .fetch_one(&world.databases.rental)
            .await
            .unwrap();
    assert_eq!(seconds, BUYOUT_SEC);

    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.taken, books.holds, books.held),
        (5_000, 5_000, 1, 0)
    );
    assert_eq!(hold_status(world, &rented.rental_id).await, "RELEASED");
    assert_eq!(
        calls(world, "return-powerbank").await,
        0,
        "the bank is the user's"
    );
    assert_eq!(stock(world, STATION).await, json!(4));
}

#[tokio::test]
async fn a_stop_after_the_buyout_says_when_it_came_and_what_it_cost() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let body = stopped_after(&world, &rented, BUYOUT_SEC + 100_000).await;
    is_bought_out(&world, &rented, &body).await;
}

#[tokio::test]
async fn a_stop_at_the_very_second_of_the_buyout_is_a_buyout() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let body = stopped_after(&world, &rented, BUYOUT_SEC).await;
    is_bought_out(&world, &rented, &body).await;
}

#[tokio::test]
async fn a_stop_one_second_before_the_buyout_is_finished_and_the_bank_goes_back() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let body = stopped_after(&world, &rented, BUYOUT_SEC - 1).await;
    assert_eq!(body["status"], json!("FINISHED"));
    assert_eq!(body["total_amount"], json!(4_999));
    assert_eq!(body["duration_minutes"], json!(4_999));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (4_999, 1, 0));
    assert_eq!(stock(&world, STATION).await, json!(5));
}

#[tokio::test]
async fn a_stop_after_reconcile_wrote_the_buyout_down_returns_the_same_end() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(BUYOUT_SEC + 1_000).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap()["buyouts"], json!(1));
    let status = world.status(&rented.rental_id).await.unwrap().json();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    for field in ["status", "finished_at", "total_amount", "duration_minutes"] {
        assert_eq!(status[field], stop.json()[field], "{field}");
    }
    is_bought_out(&world, &rented, &stop.json()).await;
    assert_eq!(stopped(&world, &rented.rental_id, STATION).await, stop);
}

#[tokio::test]
async fn a_clock_that_goes_back_after_the_buyout_was_written_down_does_not_undo_it() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(BUYOUT_SEC + 60).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    let moment = rental_moment(&world, "started_at", &rented.rental_id, 600).await;
    stop_rental_clock_at(&world, &moment).await;
    assert_eq!(stopped(&world, &rented.rental_id, STATION).await, stop);
    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("BUYOUT"));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    is_bought_out(&world, &rented, &stop.json()).await;
}
