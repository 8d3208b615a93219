//! The power bank of a start: ejected, refused, unknown.

mod unknown;

use crate::probe::{
    assert_error, calls, deposit, ejects, fault, hold_status, next_powerbank, rental_of,
    rentals_of, set_stock, stock, stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

const EJECT: &str = "eject-powerbank";

#[tokio::test]
async fn an_eject_is_asked_for_once_under_a_key_and_an_expiry() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let calls = world.stub.calls(EJECT).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["body"], json!({ "station_id": "station-456" }));
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert_eq!(calls[0]["idempotency_key"], shown["rental"]["eject_id"]);
    assert!(calls[0]["request_expires_at"].is_string());
    assert_eq!(stock(&world, "station-456").await, json!(4));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_station_that_was_emptied_after_the_quote_fails_the_start_and_gives_hold_and_quote_back()
{
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    let key = fresh_key();
    let refused = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");
    assert!(
        !refused.headers.contains_key("retry-after"),
        "it is decided"
    );
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    assert_eq!(world.status(&failed.rental_id).await.unwrap().status, 404);

    let stored = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(stored, refused);
    assert_eq!(calls(&world, EJECT).await, 1);
    set_stock(&world, "station-456", 1).await;
    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let rentals = rentals_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_station_that_refuses_or_knows_nothing_of_itself_fails_the_start() {
    let world = World::start().await;
    for (number, status) in [200, 404].into_iter().enumerate() {
        let refuse = json!({ "endpoint": EJECT, "mode": "fail", "status": status, "times": 1 });
        fault(&world, refuse).await;
        let quote_id = world.quoted("user-123", "station-456").await;
        let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
        assert_error(&refused, 409, "No power bank could be ejected");
        let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
        assert_eq!(started.status, 200, "{status}: {}", started.body);

        let rentals = rentals_of(&world, &quote_id).await;
        assert_eq!(hold_status(&world, &rentals[0].rental_id).await, "RELEASED");
        assert_eq!(deposit(&world, &rentals[0].rental_id).await, (1, 0));
        assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
        assert_eq!(ejects(&world).await, number + 1);
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_failed_eject_without_a_deposit_releases_nothing() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-zaryadye").await;
    set_stock(&world, "station-zaryadye", 0).await;
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &failed.rental_id).await, (0, 0));
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, "hold-money-for-order").await, 0);
    assert_eq!(calls(&world, "release-money-for-order").await, 0);
    assert_eq!(ejects(&world).await, 0);
}

#[tokio::test]
async fn a_trusted_user_without_a_deposit_may_try_again_after_a_failed_eject() {
    let world = World::start().await;
    let quote_id = world.quoted("user-broke", "station-456").await;
    set_stock(&world, "station-456", 0).await;
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");
    set_stock(&world, "station-456", 1).await;
    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    for rental in rentals_of(&world, &quote_id).await {
        assert_eq!(deposit(&world, &rental.rental_id).await, (0, 0));
    }
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_bank_that_is_ejected_again_while_it_is_rented_starts_anew_and_flags_the_old_rental() {
    let world = World::start().await;
    let old = world.rent("user-123", "station-456").await;
    let powerbank_id = old.response.json()["powerbank_id"].clone();
    next_powerbank(&world, "station-gum", powerbank_id.as_str().unwrap()).await;
    let new = world.rent("user-anna", "station-gum").await;
    assert_eq!(new.response.json()["powerbank_id"], powerbank_id);

    let reason = world.show(&old.rental_id).await.unwrap()["rental"]["flag_reason"].clone();
    let reason = reason.as_str().unwrap();
    assert!(
        reason.contains(&new.rental_id) && reason.contains(powerbank_id.as_str().unwrap()),
        "{reason}"
    );
    let shown = world.show(&new.rental_id).await.unwrap();
    assert_eq!(shown["rental"]["flag_reason"], json!(null));
    for rented in [&old, &new] {
        assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
        let status = world.status(&rented.rental_id).await.unwrap().json();
        assert_eq!(status["status"], json!("ACTIVE"));
        stopped(&world, &rented.rental_id, "station-gum").await;
    }
    assert_eq!(ejects(&world).await, 2);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_bank_whose_rental_ended_is_ejected_again_without_a_flag() {
    let world = World::start().await;
    let old = world.rent("user-123", "station-456").await;
    let powerbank_id = old.response.json()["powerbank_id"].clone();
    stopped(&world, &old.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();
    let new = world.rent("user-anna", "station-456").await;

    assert_eq!(
        new.response.json()["powerbank_id"],
        powerbank_id,
        "it was restocked"
    );
    let shown = world.show(&old.rental_id).await.unwrap();
    assert_eq!(shown["rental"]["flag_reason"], json!(null));
    assert_eq!(deposit(&world, &new.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_bank_that_was_bought_out_is_ejected_again_without_a_flag() {
    let world = World::start().await;
    let old = world.rent("user-123", "station-demo").await;
    let powerbank_id = old.response.json()["powerbank_id"].clone();
    world.advance(5_000).await.unwrap();
    let status = world.status(&old.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("BUYOUT"), "for every reader");
    next_powerbank(&world, "station-demo", powerbank_id.as_str().unwrap()).await;
    let new = world.rent("user-anna", "station-demo").await;

    assert_eq!(new.response.json()["powerbank_id"], powerbank_id);
    let shown = world.show(&old.rental_id).await.unwrap();
    assert_eq!(
        shown["rental"]["flag_reason"],
        json!(null),
        "it is not open any more"
    );
    assert_eq!(deposit(&world, &new.rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}
