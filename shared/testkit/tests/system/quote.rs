//! Quotes: their body, whom they refuse, and which outages they do not survive.

mod expiry;
mod fallbacks;
mod terms;

use crate::checks::{
    count, moment, nothing_moved, outage, refusal, seen, shifted, started, stopped,
};
use serde_json::{Value, json};
use testkit::{Builder, World};
use uuid::Uuid;

async fn quotes(world: &World) -> i64 {
    count(world, "SELECT count(*) FROM quotes").await
}

#[tokio::test]
async fn a_quote_answers_with_the_seeds_body_to_the_letter_and_moves_nothing() {
    let world = World::start().await;
    let quote = world.quote("user-123", "station-456").await.unwrap();
    assert_eq!(quote.status, 200, "{}", quote.body);
    assert_eq!(quote.headers["content-type"], "application/json");
    let body = quote.json();
    let quote_id = body["quote_id"].as_str().unwrap();
    let uuid = quote_id.strip_prefix("quote-").unwrap();
    assert_eq!(uuid, uuid.parse::<Uuid>().unwrap().to_string());
    let published = format!(
        "{{\"quote_id\":\"{quote_id}\",\"price_per_hour\":60,\"free_period_min\":5,\
         \"deposit\":500,\"expires_in_sec\":60}}"
    );
    assert_eq!(quote.body, published);

    let again = world.quoted("user-123", "station-456").await;
    assert_ne!(again, quote_id);
    assert_eq!(quotes(&world).await, 2);
    nothing_moved(&world).await;
}

#[tokio::test]
async fn a_subscriber_gets_thirty_free_minutes_and_pays_for_all_of_them_past_that() {
    let world = World::start().await;
    let quote = world.quote("user-subscriber", "station-456").await.unwrap();
    let quote = quote.json();
    assert_eq!(quote["free_period_min"], json!(30));
    assert_eq!(quote["price_per_hour"], json!(60));
    let (rental_id, started_at) = started(&world, quote["quote_id"].as_str().unwrap()).await;

    world
        .stand_still_at(shifted(started_at, 30 * 60))
        .await
        .unwrap();
    assert_eq!(seen(&world, &rental_id).await["total_amount"], json!(0));
    let tick = world.tick().await.unwrap();
    assert_eq!(tick["charges"], json!(0), "{tick}");
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);

    world
        .stand_still_at(shifted(started_at, 30 * 60 + 1))
        .await
        .unwrap();
    let total = stopped(&world, &rental_id).await;
    assert_eq!(total, 31);
    world.advance(31 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.paid, books.held), (31, 31, 0));
}

#[tokio::test]
async fn a_subscription_never_shortens_a_longer_free_period() {
    let world = World::start().await;
    let tariff = json!({ "price_per_hour": 60, "free_period_min": 45, "deposit": 0 });
    world
        .stub
        .put("/admin/tariffs/tariff-1", tariff)
        .await
        .unwrap();
    let quote = world.quote("user-subscriber", "station-456").await.unwrap();
    assert_eq!(quote.json()["free_period_min"], json!(45));
}

#[tokio::test]
async fn the_subscribers_free_period_is_set_by_the_environment() {
    let world = Builder::default()
        .env("SUBSCRIBER_FREE_PERIOD_MIN", "90")
        .start()
        .await
        .unwrap();
    let quote = world.quote("user-subscriber", "station-456").await.unwrap();
    assert_eq!(quote.json()["free_period_min"], json!(90));
    let quote = world.quote("user-123", "station-456").await.unwrap();
    assert_eq!(quote.json()["free_period_min"], json!(5));
}

#[tokio::test]
async fn an_empty_station_is_409_and_an_unknown_one_404() {
    let world = World::start().await;
    let empty = world.quote("user-123", "station-empty").await.unwrap();
    assert_eq!(refusal(&empty, 409), "Station is empty");
    let unknown = world.quote("user-123", "station-nowhere").await.unwrap();
    assert_eq!(refusal(&unknown, 404), "Station not found");
    assert_eq!(quotes(&world).await, 0);
    nothing_moved(&world).await;
}

/// Orders a fault, quotes, and heals.
async fn quote_under(world: &World, fault: Value) -> testkit::Response {
    world.stub.fault(fault).await.unwrap();
    let quote = world.quote("user-123", "station-456").await.unwrap();
    world.stub.heal().await.unwrap();
    quote
}

#[tokio::test]
async fn without_the_stations_there_is_no_quote_and_a_word_when_to_come_again() {
    let world = World::start().await;
    let endpoint = "station-data";
    for fault in [
        json!({ "endpoint": endpoint, "mode": "fail" }),
        json!({ "endpoint": endpoint, "mode": "fail", "status": 401 }),
        json!({ "endpoint": endpoint, "mode": "fail", "status": 429 }),
        json!({ "endpoint": endpoint, "mode": "garbage" }),
        json!({ "endpoint": endpoint, "mode": "lose" }),
    ] {
        let error = outage(&quote_under(&world, fault).await);
        assert!(error.to_lowercase().contains("station"), "{error}");
    }
    assert_eq!(quotes(&world).await, 0);
    let healed = world.quote("user-123", "station-456").await.unwrap();
    assert_eq!(healed.status, 200, "{}", healed.body);
}

#[tokio::test]
async fn without_the_tariffs_there_is_no_quote_and_a_word_when_to_come_again() {
    let world = World::start().await;
    let endpoint = "tariff";
    for fault in [
        json!({ "endpoint": endpoint, "mode": "fail" }),
        json!({ "endpoint": endpoint, "mode": "fail", "status": 404 }),
        json!({ "endpoint": endpoint, "mode": "garbage" }),
        json!({ "endpoint": endpoint, "mode": "lose" }),
    ] {
        let error = outage(&quote_under(&world, fault).await);
        assert!(error.to_lowercase().contains("tariff"), "{error}");
    }
    assert_eq!(quotes(&world).await, 0);
    let healed = world.quote("user-123", "station-456").await.unwrap();
    assert_eq!(healed.status, 200, "{}", healed.body);
}

#[tokio::test]
async fn a_tariff_that_makes_no_sense_is_as_good_as_none() {
    let world = World::start().await;
    let sound = [
        ("price_per_hour", 60),
        ("free_period_min", 5),
        ("deposit", 500),
    ];
    for (broken, _) in sound {
        let tariff: Value = sound
            .into_iter()
            .map(|(field, value)| {
                (
                    field.to_owned(),
                    json!(if field == broken { -1 } else { value }),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        world
            .stub
            .put("/admin/tariffs/tariff-1", tariff)
            .await
            .unwrap();
        outage(&world.quote("user-123", "station-456").await.unwrap());
    }
    assert_eq!(quotes(&world).await, 0);
}

#[tokio::test]
async fn without_db_rental_there_is_no_quote_and_without_db_billing_there_is() {
    let world = World::start().await;
    world.rental_proxy.cut();
    outage(&world.quote("user-123", "station-456").await.unwrap());
    world.rental_proxy.open();
    assert_eq!(quotes(&world).await, 0);

    world.billing_proxy.cut();
    let quote_id = world.quoted("user-123", "station-456").await;
    let (rental_id, _) = started(&world, &quote_id).await;
    world.billing_proxy.open();
    let status = seen(&world, &rental_id).await;
    assert_eq!(status["status"], json!("ACTIVE"));
    moment(&status, "started_at");
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().held, 500);
}
