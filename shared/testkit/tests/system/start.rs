//! `POST /api/v1/rentals/start`.

mod keys;
mod outages;
mod quotes;

use crate::probe::{deposit, ejects};
use serde_json::json;
use sqlx::types::chrono::NaiveDateTime;
use testkit::World;

#[tokio::test]
async fn a_start_answers_with_the_fields_of_the_contract_and_no_others() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let body = rented.response.json();
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    let (rental_id, powerbank_id) = (text("rental_id"), text("powerbank_id"));
    let started_at = text("started_at");

    let expected = format!(
        r#"{{"rental_id":"{rental_id}","powerbank_id":"{powerbank_id}","status":"ACTIVE","started_at":"{started_at}","total_amount":0}}"#
    );
    assert_eq!(rented.response.body, expected);
    assert_eq!(rented.response.headers["content-type"], "application/json");
    assert!(rental_id.starts_with("rental-"), "{rental_id}");
    let ejected = world.stub.ejects().await.unwrap();
    assert_eq!(ejected.len(), 1);
    assert_eq!(ejected[0]["powerbank_id"], json!(powerbank_id));
    assert_eq!(ejected[0]["station_id"], json!("station-456"));
    assert_eq!(deposit(&world, &rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_rental_starts_now_in_whole_seconds_and_every_reader_says_the_same_moment() {
    let world = World::start().await;
    world.advance(86_400).await.unwrap();
    let rented = world.rent("user-123", "station-456").await;
    let body = rented.response.json();

    let started_at = body["started_at"].as_str().unwrap();
    let moment = NaiveDateTime::parse_from_str(started_at, "%Y-%m-%dT%H:%M:%SZ");
    assert!(moment.is_ok() && started_at.len() == 20, "{started_at}");
    let now: NaiveDateTime = sqlx::query_scalar("SELECT app_now() AT TIME ZONE 'UTC'")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    let age_sec = now.signed_duration_since(moment.unwrap()).num_seconds();
    assert!((0..60).contains(&age_sec), "{started_at} at {now}");

    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(status["started_at"], body["started_at"]);
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert_eq!(shown["rental"]["started_at"], body["started_at"]);
    assert_eq!(
        shown["transitions"][0]["payload"]["started_at"],
        body["started_at"]
    );
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}
