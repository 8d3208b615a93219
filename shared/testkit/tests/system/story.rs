//! One rental from quote to settled books.

use serde_json::json;
use testkit::{World, fresh_key};

#[tokio::test]
async fn a_rental_is_quoted_started_billed_stopped_and_leaves_nothing_open() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let rental_id = rented.rental_id.as_str();

    world.advance(44 * 60).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(tick["charges"], json!(1));
    assert_eq!(tick["charged_amount"], json!(44));
    let status = world.status(rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("ACTIVE"));
    assert_eq!(status["current_debt"], json!(0));
    assert_eq!(status["duration_minutes"], json!(44));

    let stop = world
        .stop(rental_id, "station-456", &fresh_key())
        .await
        .unwrap();
    assert_eq!(stop.status, 200, "{}", stop.body);
    let total = stop.json()["total_amount"].as_i64().unwrap();

    world.settle_and_check().await.unwrap();
    let books = world.books(rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
    assert_eq!(
        world.show(rental_id).await.unwrap()["rental"]["hold"]["status"],
        json!("RELEASED")
    );
}
