//! What a rental's status says, and how it moves with time.

mod debt;
mod unseen;

use crate::checks::{BUYOUT_SEC, fields, moment, seen, shifted};
use serde_json::json;
use testkit::{World, fresh_key};

/// The fields of the published body, and when the rental ended.
const FIELDS_WHEN_ENDED: [&str; 8] = [
    "current_debt",
    "duration_minutes",
    "finished_at",
    "powerbank_id",
    "rental_id",
    "started_at",
    "status",
    "total_amount",
];

#[tokio::test]
async fn an_active_rental_shows_the_seeds_body_to_the_letter() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let rental_id = rented.rental_id.as_str();
    let start = rented.response.json();
    world
        .stand_still_at(shifted(moment(&start, "started_at"), 45 * 60))
        .await
        .unwrap();

    let status = world.status(rental_id).await.unwrap();
    assert_eq!(status.status, 200);
    assert_eq!(status.headers["content-type"], "application/json");
    let started_at = start["started_at"].as_str().unwrap();
    let published = format!(
        "{{\"rental_id\":\"{rental_id}\",\"status\":\"ACTIVE\",\"powerbank_id\":\"pb-001\",\
         \"started_at\":\"{started_at}\",\"total_amount\":45,\"current_debt\":0,\
         \"duration_minutes\":45}}"
    );
    assert_eq!(status.body, published);
    world.advance(45 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_finished_rental_shows_its_end_and_stays_as_it_is() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let rental_id = rented.rental_id.as_str();
    let started_at = moment(&rented.response.json(), "started_at");
    world
        .stand_still_at(shifted(started_at, 90 * 60))
        .await
        .unwrap();
    let stop = world.stop(rental_id, "station-456", &fresh_key()).await;
    let stop = stop.unwrap().json();

    let status = world.status(rental_id).await.unwrap();
    let mut shown = fields(&status);
    shown.sort();
    assert_eq!(shown, FIELDS_WHEN_ENDED);
    let body = status.json();
    let powerbank_id = &rented.response.json()["powerbank_id"];
    assert_eq!(body["powerbank_id"], *powerbank_id);
    assert_eq!(body["current_debt"], json!(0));
    assert_eq!(
        moment(&body, "finished_at"),
        shifted(started_at, 90 * 60),
        "{body}"
    );
    assert_eq!(
        (&body["status"], &body["total_amount"]),
        (&json!("FINISHED"), &json!(90))
    );
    assert_eq!(body["duration_minutes"], json!(90));
    // What the stop answered, and what the status says beside it.
    for (field, value) in stop.as_object().unwrap() {
        assert_eq!(body[field], *value, "{field}");
    }

    world.advance(10 * 90 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(world.status(rental_id).await.unwrap(), status);
    let books = world.books(rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (90, 0));
}

#[tokio::test]
async fn total_and_duration_move_with_the_time_and_minutes_are_rounded_down() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let started_at = moment(&rented.response.json(), "started_at");
    for (seconds, total_amount, duration_minutes) in [
        (-90, 0, 0),
        (0, 0, 0),
        (59, 0, 0),
        (60, 0, 1),
        (119, 0, 1),
        (300, 0, 5),
        (301, 6, 5),
        (359, 6, 5),
        (360, 6, 6),
        (361, 7, 6),
        (2_700, 45, 45),
        (86_399, 1_440, 1_439),
    ] {
        world
            .stand_still_at(shifted(started_at, seconds))
            .await
            .unwrap();
        let status = seen(&world, &rented.rental_id).await;
        assert_eq!(status["status"], json!("ACTIVE"), "{seconds} s");
        assert_eq!(status["total_amount"], json!(total_amount), "{seconds} s");
        let minutes = &status["duration_minutes"];
        assert_eq!(*minutes, json!(duration_minutes), "{seconds} s");
        assert!(status.get("finished_at").is_none(), "{status}");
    }
    // Looking costs nothing.
    assert_eq!(world.books(&rented.rental_id).await.unwrap().taken, 0);
    world.advance(86_399).await.unwrap();
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn past_the_buyout_a_rental_reads_buyout_at_that_very_moment_though_nothing_ran() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let rental_id = rented.rental_id.as_str();
    let started_at = moment(&rented.response.json(), "started_at");

    world
        .stand_still_at(shifted(started_at, BUYOUT_SEC - 1))
        .await
        .unwrap();
    let before = seen(&world, rental_id).await;
    assert_eq!(before["status"], json!("ACTIVE"));
    assert_eq!(before["total_amount"], json!(4_999));

    for seconds in [BUYOUT_SEC, BUYOUT_SEC + 1, BUYOUT_SEC + 86_400] {
        world
            .stand_still_at(shifted(started_at, seconds))
            .await
            .unwrap();
        let status = world.status(rental_id).await.unwrap();
        let mut shown = fields(&status);
        shown.sort();
        assert_eq!(shown, FIELDS_WHEN_ENDED);
        let body = status.json();
        assert_eq!(body["status"], json!("BUYOUT"));
        assert_eq!(body["total_amount"], json!(5_000));
        assert_eq!(body["duration_minutes"], json!(4_999));
        let finished_at = moment(&body, "finished_at");
        assert_eq!(finished_at, shifted(started_at, BUYOUT_SEC));
    }
    let books = world.books(rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.taken), ("ACTIVE", 0));

    // Written down by reconcile, it reads the same.
    let read = seen(&world, rental_id).await;
    world.advance(BUYOUT_SEC + 86_400).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(seen(&world, rental_id).await, read);
    let books = world.books(rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.taken), ("BUYOUT", 5_000));
    assert_eq!((books.total_amount, books.held), (Some(5_000), 0));
}

#[tokio::test]
async fn a_rental_that_costs_nothing_is_never_bought_out() {
    let world = World::start().await;
    let free = json!({ "price_per_hour": 0, "free_period_min": 0, "deposit": 500 });
    world
        .stub
        .put("/admin/tariffs/tariff-1", free)
        .await
        .unwrap();
    let rented = world.rent("user-123", "station-456").await;
    world.advance(400 * 86_400).await.unwrap();
    let status = seen(&world, &rented.rental_id).await;
    assert_eq!(status["status"], json!("ACTIVE"));
    assert_eq!(status["total_amount"], json!(0));
    assert_eq!(status["duration_minutes"], json!(400 * 1_440));
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().taken, 0);
}
