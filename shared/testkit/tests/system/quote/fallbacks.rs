//! What a quote makes of users and configs that are away: the least that could be promised.

use crate::checks::{only_rental, refusal, seen, shifted, started, stopped};
use serde_json::{Value, json};
use testkit::{Builder, World, fresh_key};
use uuid::Uuid;

const MODES: [&str; 3] = ["fail", "garbage", "lose"];

/// The buyout that a quote froze.
async fn buyout(world: &World, quote_id: &str) -> i64 {
    let id: Uuid = quote_id.trim_start_matches("quote-").parse().unwrap();
    sqlx::query_scalar("SELECT buyout FROM quotes WHERE quote_id = $1")
        .bind(id)
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

#[tokio::test]
async fn while_the_users_are_away_nobody_has_a_subscription() {
    let world = World::start().await;
    for mode in MODES {
        let fault = json!({ "endpoint": "user-profile", "mode": mode, "times": 1 });
        world.stub.fault(fault).await.unwrap();
        let quote = world.quote("user-subscriber", "station-456").await.unwrap();
        assert_eq!(quote.status, 200, "{mode}: {}", quote.body);
        assert_eq!(quote.json()["free_period_min"], json!(5), "{mode}");
        assert_eq!(quote.json()["deposit"], json!(500), "{mode}");
    }
}

#[tokio::test]
async fn while_the_users_are_away_nobody_is_trusted_without_a_deposit() {
    let world = World::start().await;
    let fault = json!({ "endpoint": "user-profile", "mode": "fail" });
    world.stub.fault(fault).await.unwrap();
    let quote_id = world.quoted("user-broke", "station-456").await;
    world.stub.heal().await.unwrap();

    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(refusal(&start, 402), "Deposit declined");
    let books = world.books(&only_rental(&world).await).await.unwrap();
    assert_eq!((books.status.as_str(), books.holds), ("FAILED", 0));
    assert!(world.stub.ejects().await.unwrap().is_empty());
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn while_the_users_are_away_whoever_has_the_deposit_rents() {
    let world = World::start().await;
    let fault = json!({ "endpoint": "user-profile", "mode": "garbage" });
    world.stub.fault(fault).await.unwrap();
    let quote_id = world.quoted("user-subscriber", "station-456").await;
    let (rental_id, started_at) = started(&world, &quote_id).await;
    assert_eq!(world.books(&rental_id).await.unwrap().held, 500);

    world
        .stand_still_at(shifted(started_at, 10 * 60))
        .await
        .unwrap();
    assert_eq!(stopped(&world, &rental_id).await, 10);
    world.advance(10 * 60).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (10, 0));
}

#[tokio::test]
async fn while_the_configs_are_away_the_buyout_is_the_environments() {
    let world = Builder::default()
        .env("R_BUYOUT", "777")
        .start()
        .await
        .unwrap();
    for mode in MODES {
        let fault = json!({ "endpoint": "configs", "mode": mode, "times": 1 });
        world.stub.fault(fault).await.unwrap();
        let quote_id = world.quoted("user-123", "station-456").await;
        assert_eq!(buyout(&world, &quote_id).await, 777, "{mode}");
    }
    let quote_id = world.quoted("user-123", "station-456").await;
    assert_eq!(buyout(&world, &quote_id).await, 5_000);
}

#[tokio::test]
async fn configs_that_make_no_sense_count_as_away() {
    let world = Builder::default()
        .env("R_BUYOUT", "777")
        .start()
        .await
        .unwrap();
    let nonsense = [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(12.5),
        json!("5000"),
        json!(null),
        json!(1e30),
    ];
    let configs = |buyout: Value| json!({ "R_BUYOUT": buyout, "BILLING_TICK_SEC": 30, "DEBT_CHARGE_STEP": 100 });
    let without = json!({ "BILLING_TICK_SEC": 30, "DEBT_CHARGE_STEP": 100 });
    let all = nonsense.into_iter().map(configs);
    for configs in all.chain([without, json!({})]) {
        world
            .stub
            .put("/admin/configs", configs.clone())
            .await
            .unwrap();
        let quote_id = world.quoted("user-123", "station-456").await;
        assert_eq!(buyout(&world, &quote_id).await, 777, "{configs}");
    }
    let sound = configs(json!(1));
    world.stub.put("/admin/configs", sound).await.unwrap();
    let quote_id = world.quoted("user-123", "station-456").await;
    assert_eq!(buyout(&world, &quote_id).await, 1);
}

#[tokio::test]
async fn without_configs_and_without_an_environment_the_buyout_is_the_seeds() {
    let world = World::start().await;
    let fault = json!({ "endpoint": "configs", "mode": "fail" });
    world.stub.fault(fault).await.unwrap();
    let quote_id = world.quoted("user-123", "station-456").await;
    assert_eq!(buyout(&world, &quote_id).await, 5_000);
}

#[tokio::test]
async fn a_rental_quoted_without_configs_is_bought_out_at_the_environments_amount() {
    let world = Builder::default()
        .env("R_BUYOUT", "7")
        .start()
        .await
        .unwrap();
    let nonsense = json!({ "R_BUYOUT": 0, "BILLING_TICK_SEC": 30, "DEBT_CHARGE_STEP": 100 });
    world.stub.put("/admin/configs", nonsense).await.unwrap();
    let quote_id = world.quoted("user-123", "station-456").await;
    let sound = json!({ "R_BUYOUT": 5000, "BILLING_TICK_SEC": 30, "DEBT_CHARGE_STEP": 100 });
    world.stub.put("/admin/configs", sound).await.unwrap();
    let (rental_id, started_at) = started(&world, &quote_id).await;

    world
        .stand_still_at(shifted(started_at, 360))
        .await
        .unwrap();
    assert_eq!(seen(&world, &rental_id).await["status"], json!("ACTIVE"));
    world
        .stand_still_at(shifted(started_at, 361))
        .await
        .unwrap();
    assert_eq!(seen(&world, &rental_id).await["status"], json!("BUYOUT"));
    world.advance(361).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.paid, books.held), (7, 7, 0));
}
