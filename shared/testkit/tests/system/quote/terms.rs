//! A quote freezes its terms: whatever changes later touches nobody.

use crate::checks::{
    BUYOUT_SEC, Moment, count, only_rental, refusal, seen, shifted, started, stopped,
};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

async fn change(world: &World, what: &str, to: Value) {
    world.stub.put(&format!("/admin/{what}"), to).await.unwrap();
}

async fn total_after(world: &World, rental_id: &str, moment: Moment) -> Value {
    world.stand_still_at(moment).await.unwrap();
    seen(world, rental_id).await["total_amount"].clone()
}

#[tokio::test]
async fn a_tariff_changed_after_the_quote_changes_neither_deposit_nor_free_period_nor_price() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let dearer = json!({ "price_per_hour": 6000, "free_period_min": 0, "deposit": 9000 });
    change(&world, "tariffs/tariff-1", dearer).await;

    let (rental_id, started_at) = started(&world, &quote_id).await;
    assert_eq!(world.books(&rental_id).await.unwrap().held, 500);
    let free = total_after(&world, &rental_id, shifted(started_at, 300)).await;
    assert_eq!(free, json!(0));
    let begun = total_after(&world, &rental_id, shifted(started_at, 301)).await;
    assert_eq!(begun, json!(6));
    world
        .stand_still_at(shifted(started_at, 90 * 60))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 90);

    world.advance(90 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.paid, books.held), (90, 90, 0));
}

#[tokio::test]
async fn a_stations_new_tariff_does_not_touch_the_quote_before_it() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let to_demo = json!({ "tariff_id": "tariff-demo" });
    change(&world, "stations/station-456", to_demo).await;

    let (rental_id, started_at) = started(&world, &quote_id).await;
    world
        .stand_still_at(shifted(started_at, 45 * 60))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 45);
    world.advance(45 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 45);
}

#[tokio::test]
async fn a_tariff_changed_while_a_rental_runs_does_not_touch_what_is_billed() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(19 * 60 + 30).await.unwrap();
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(20));

    let dearer = json!({ "price_per_hour": 6000, "free_period_min": 600, "deposit": 0 });
    change(&world, "tariffs/tariff-1", dearer).await;
    world.advance(20 * 60).await.unwrap();
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(20));
    let total = stopped(&world, &rented.rental_id).await;
    assert_eq!(total, 40);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (total, 0));
}

#[tokio::test]
async fn a_user_who_loses_trust_after_the_quote_still_starts_without_a_deposit() {
    let world = World::start().await;
    let quote_id = world.quoted("user-broke", "station-456").await;
    let distrusted = json!({ "trusted": false, "has_subscription": false });
    change(&world, "users/user-broke", distrusted).await;

    let (rental_id, _) = started(&world, &quote_id).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.holds, books.held), (0, 0));
    assert_eq!(stopped(&world, &rental_id).await, 0);
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
}

#[tokio::test]
async fn a_user_who_gains_trust_after_the_quote_still_needs_a_deposit() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new-broke", "station-456").await;
    let trusted = json!({ "trusted": true, "has_subscription": false });
    change(&world, "users/user-new-broke", trusted).await;

    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(refusal(&start, 402), "Deposit declined");
    let books = world.books(&only_rental(&world).await).await.unwrap();
    assert_eq!((books.status.as_str(), books.holds), ("FAILED", 0));
    assert!(world.stub.ejects().await.unwrap().is_empty());
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_subscription_that_begins_after_the_quote_gives_no_free_minutes() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let subscriber = json!({ "trusted": true, "has_subscription": true });
    change(&world, "users/user-123", subscriber).await;

    let (rental_id, started_at) = started(&world, &quote_id).await;
    world
        .stand_still_at(shifted(started_at, 301))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 6);
    world.advance(301).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 6);
}

#[tokio::test]
async fn a_subscription_that_ends_after_the_quote_leaves_the_free_minutes() {
    let world = World::start().await;
    let quote_id = world.quoted("user-subscriber", "station-456").await;
    let (rental_id, started_at) = started(&world, &quote_id).await;
    let lapsed = json!({ "trusted": true, "has_subscription": false });
    change(&world, "users/user-subscriber", lapsed).await;

    world
        .stand_still_at(shifted(started_at, 30 * 60))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 0);
    world.advance(30 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
}

#[tokio::test]
async fn the_buyout_is_the_one_of_the_quote_however_the_configs_change_midway() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let configs = |buyout: i64, tick_sec: i64, step: i64| json!({ "R_BUYOUT": buyout, "BILLING_TICK_SEC": tick_sec, "DEBT_CHARGE_STEP": step });
    change(&world, "configs", configs(10, 30, 100)).await;
    let (rental_id, started_at) = started(&world, &quote_id).await;

    world
        .stand_still_at(shifted(started_at, 3_600))
        .await
        .unwrap();
    let status = seen(&world, &rental_id).await;
    assert_eq!(status["status"], json!("ACTIVE"));
    assert_eq!(status["total_amount"], json!(60));
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(60));

    change(&world, "configs", configs(1_000_000, 600, 7)).await;
    let almost = total_after(&world, &rental_id, shifted(started_at, BUYOUT_SEC - 1)).await;
    assert_eq!(almost, json!(4_999));
    world
        .stand_still_at(shifted(started_at, BUYOUT_SEC))
        .await
        .unwrap();
    let status = seen(&world, &rental_id).await;
    assert_eq!(status["status"], json!("BUYOUT"));
    assert_eq!(status["total_amount"], json!(5_000));

    world.advance(BUYOUT_SEC).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.paid, books.held), (5_000, 5_000, 0));
    assert_eq!(books.status, "BUYOUT");
}

#[tokio::test]
async fn two_quotes_of_one_user_keep_the_terms_of_their_own_moments() {
    let world = World::start().await;
    let cheap = world.quoted("user-anna", "station-456").await;
    let dearer = json!({ "price_per_hour": 120, "free_period_min": 5, "deposit": 300 });
    change(&world, "tariffs/tariff-2", dearer).await;
    let moved = json!({ "tariff_id": "tariff-2" });
    change(&world, "stations/station-456", moved).await;
    let dear = world.quoted("user-anna", "station-456").await;

    let (first, _) = started(&world, &cheap).await;
    let (second, _) = started(&world, &dear).await;
    for (rental_id, price_per_hour, held) in [(&first, 60, 500), (&second, 120, 300)] {
        let shown = world.show(rental_id).await.unwrap();
        assert_eq!(shown["rental"]["price_per_hour"], json!(price_per_hour));
        assert_eq!(world.books(rental_id).await.unwrap().held, held);
    }
    assert_eq!(count(&world, "SELECT count(*) FROM rentals").await, 2);
    world.settle_and_check().await.unwrap();
}
