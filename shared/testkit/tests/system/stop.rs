//! `POST /api/v1/rentals/stop`.

mod buyout;
mod keys;
mod outages;
mod returns;

use crate::probe::{
    assert_error, calls, deposit, fault_once, rental_moment, rental_of, set_stock,
    stop_rental_clock_at, stopped,
};
use serde_json::{Value, json};
use testkit::{Rented, World, fresh_key};

const STATION: &str = "station-456";
const CLEAR: &str = "clear-money-for-order";

/// Stops a rental when exactly `seconds` of it are over, by db-rental's clock.
async fn stopped_after(world: &World, rented: &Rented, seconds: i64) -> Value {
    world.advance(seconds).await.unwrap();
    let moment = rental_moment(world, "started_at", &rented.rental_id, seconds).await;
    stop_rental_clock_at(world, &moment).await;
    stopped(world, &rented.rental_id, STATION).await.json()
}

#[tokio::test]
async fn a_stop_answers_with_the_fields_of_the_contract_and_no_others() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(89 * 60 + 30).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    let body = stop.json();
    let rental_id = &rented.rental_id;
    let started_at = rented.response.json()["started_at"].clone();
    let finished_at = &body["finished_at"];
    let expected = format!(
        r#"{{"rental_id":"{rental_id}","status":"FINISHED","started_at":{started_at},"finished_at":{finished_at},"total_amount":90,"duration_minutes":89}}"#
    );
    assert_eq!(stop.body, expected);
    assert_eq!(stop.headers["content-type"], "application/json");
    let finished_at = finished_at.as_str().unwrap();
    assert!(
        finished_at.len() == 20 && finished_at.ends_with('Z'),
        "{finished_at}"
    );

    let status = world.status(rental_id).await.unwrap().json();
    for field in [
        "status",
        "started_at",
        "finished_at",
        "total_amount",
        "duration_minutes",
    ] {
        assert_eq!(status[field], body[field], "{field}");
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.taken, books.holds, books.held),
        (90, 90, 1, 0)
    );
}

#[tokio::test]
async fn ninety_minutes_at_sixty_an_hour_cost_ninety() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let body = stopped_after(&world, &rented, 90 * 60).await;
    assert_eq!(body["status"], json!("FINISHED"));
    assert_eq!(
        (&body["total_amount"], &body["duration_minutes"]),
        (&json!(90), &json!(90))
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (90, 1, 0));
}

#[tokio::test]
async fn a_rental_within_its_free_period_costs_nothing_and_a_second_past_it_all_counts() {
    let world = World::start().await;
    for (seconds, total) in [(0, 0), (300, 0), (301, 6)] {
        let rented = world.rent("user-123", STATION).await;
        let body = stopped_after(&world, &rented, seconds).await;
        assert_eq!(body["total_amount"], json!(total), "{seconds}");
        assert_eq!(body["duration_minutes"], json!(seconds / 60), "{seconds}");
        world.settle_and_check().await.unwrap();
        let books = world.books(&rented.rental_id).await.unwrap();
        assert_eq!(
            (books.taken, books.holds, books.held),
            (total, 1, 0),
            "{seconds}"
        );
    }
    assert_eq!(
        calls(&world, CLEAR).await,
        1,
        "nothing is asked for nothing"
    );
}

#[tokio::test]
async fn a_clock_that_went_back_makes_a_rental_of_no_length_and_never_a_negative_one() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let moment = rental_moment(&world, "started_at", &rented.rental_id, -90).await;
    stop_rental_clock_at(&world, &moment).await;
    let body = stopped(&world, &rented.rental_id, STATION).await.json();
    assert_eq!(body["finished_at"], body["started_at"]);
    assert_eq!(
        (&body["total_amount"], &body["duration_minutes"]),
        (&json!(0), &json!(0))
    );
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(calls(&world, CLEAR).await, 0);
}

#[tokio::test]
async fn a_stop_charges_nothing_itself_and_the_tick_charges_exactly_the_total() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    let total = stopped(&world, &rented.rental_id, STATION).await.json()["total_amount"].clone();
    assert_eq!(calls(&world, CLEAR).await, 0);
    assert_eq!(world.books(&rented.rental_id).await.unwrap().taken, 0);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));

    let tick = world.tick().await.unwrap();
    assert_eq!(tick["charged_amount"], total);
    assert_eq!(calls(&world, CLEAR).await, 1);
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, CLEAR).await, 1);
    assert_eq!(
        json!(world.books(&rented.rental_id).await.unwrap().taken),
        total
    );
}

#[tokio::test]
async fn an_unknown_station_is_not_found_and_the_rental_goes_on_until_a_known_one() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let key = fresh_key();
    let refused = world
        .stop(&rented.rental_id, "station-nowhere", &key)
        .await
        .unwrap();
    assert_error(&refused, 404, "Station not found");
    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("ACTIVE"));

    let stop = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(
        stop.json()["status"],
        json!("FINISHED"),
        "the refusal was not stored"
    );
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_rental_that_nobody_started_is_not_found() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let uuid = rented.rental_id.trim_start_matches("rental-");
    let unknown = [
        "rental-00000000-0000-7000-8000-000000000000".to_owned(),
        "rental-abc".to_owned(),
        uuid.to_owned(),
        String::new(),
        format!("quote-{uuid}"),
        format!("rental-{}", uuid.to_uppercase()),
    ];
    for unknown in &unknown {
        let refused = world.stop(unknown, STATION, &fresh_key()).await.unwrap();
        assert_error(&refused, 404, "Rental not found");
    }
    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("ACTIVE"));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_rental_that_is_pending_or_failed_is_not_found() {
    let world = World::start().await;
    let pending = world.quoted("user-123", STATION).await;
    fault_once(&world, "eject-powerbank", "fail").await;
    let start = world.start_rental(&pending, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 503, "{}", start.body);
    let failed = world.quoted("user-anna", STATION).await;
    set_stock(&world, STATION, 0).await;
    let start = world.start_rental(&failed, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 409, "{}", start.body);

    for (quote_id, status) in [(&pending, "PENDING"), (&failed, "FAILED")] {
        let rental = rental_of(&world, quote_id).await;
        assert_eq!(rental.status, status);
        let stop = world
            .stop(&rental.rental_id, STATION, &fresh_key())
            .await
            .unwrap();
        assert_error(&stop, 404, "Rental not found");
        assert_eq!(rental_of(&world, quote_id).await.status, status);
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, CLEAR).await, 0);
}

#[tokio::test]
async fn a_free_tariff_costs_nothing_however_long_and_is_never_bought_out() {
    let world = World::start().await;
    let free = json!({ "price_per_hour": 0, "free_period_min": 0, "deposit": 0 });
    world
        .stub
        .put("/admin/tariffs/tariff-1", free)
        .await
        .unwrap();
    let rented = world.rent("user-123", STATION).await;
    let body = stopped_after(&world, &rented, 400 * 86_400).await;
    assert_eq!(body["status"], json!("FINISHED"));
    assert_eq!(body["total_amount"], json!(0));
    assert_eq!(body["duration_minutes"], json!(400 * 1_440));
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (0, 0));
    assert_eq!(calls(&world, CLEAR).await, 0);
}
