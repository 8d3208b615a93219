//! The deposit of a start: held, declined, waived.

mod asked;
mod release;
mod unknown;

use crate::probe::{
    assert_error, calls, deposit, ejects, fault, hold_status, rental_of, rentals_of, stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

const HOLD: &str = "hold-money-for-order";

/// An untrusted user with money.
async fn untrusted(world: &World, user_id: &str) {
    let profile = json!({ "trusted": false, "has_subscription": false });
    world
        .stub
        .put(&format!("/admin/users/{user_id}"), profile)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_deposit_is_held_once_under_a_key_and_an_expiry_and_reserved_on_the_account() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;

    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
    let calls = world.stub.calls(HOLD).await.unwrap();
    assert_eq!(calls.len(), 1);
    let expected = json!({
        "user_id": "user-123",
        "order_id": rented.rental_id,
        "amount": 500,
    });
    assert_eq!(calls[0]["body"], expected);
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert_eq!(
        calls[0]["idempotency_key"],
        shown["rental"]["hold"]["hold_id"]
    );
    assert!(calls[0]["request_expires_at"].is_string());
    let account = world.stub.get("/admin/accounts/user-123").await.unwrap();
    assert_eq!(
        (&account["balance"], &account["held"]),
        (&json!(99_500), &json!(500))
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_deposit_of_zero_is_not_asked_for_not_even_of_the_untrusted_without_money() {
    let world = World::start().await;
    let rented = world.rent("user-new-broke", "station-zaryadye").await;

    assert_eq!(calls(&world, HOLD).await, 0);
    assert_eq!(deposit(&world, &rented.rental_id).await, (0, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "NONE");
    assert_eq!(ejects(&world).await, 1);
    stopped(&world, &rented.rental_id, "station-zaryadye").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, "release-money-for-order").await, 0);
}

#[tokio::test]
async fn an_untrusted_user_without_money_is_refused_and_the_quote_serves_when_there_is_money() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new-broke", "station-456").await;
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 402, "Deposit declined");
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    assert_eq!(deposit(&world, &failed.rental_id).await, (0, 0));
    assert_eq!(calls(&world, "eject-powerbank").await, 0);
    assert_eq!(calls(&world, "release-money-for-order").await, 0);

    world.stub.set_balance("user-new-broke", 500).await.unwrap();
    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let rentals = rentals_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_trusted_user_without_money_starts_and_the_deposit_never_becomes_a_debt() {
    let world = World::start().await;
    let rented = world.rent("user-broke", "station-456").await;
    assert_eq!(deposit(&world, &rented.rental_id).await, (0, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "DECLINED");
    assert_eq!(ejects(&world).await, 1);

    world.tick().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().debt, 0);
    world.advance(44 * 60).await.unwrap();
    world.tick().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().debt, 44);
    let stop = stopped(&world, &rented.rental_id, "station-456").await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(json!(books.debt), stop.json()["total_amount"]);
    assert_eq!(
        (books.paid, books.taken, books.holds, books.held),
        (0, 0, 0, 0)
    );
    assert_eq!(
        calls(&world, HOLD).await,
        1,
        "a declined hold is never asked for again"
    );
}

#[tokio::test]
async fn a_trusted_user_rents_without_a_deposit_once_at_a_time() {
    let world = World::start().await;
    let first = world.rent("user-broke", "station-456").await;
    let quote_id = world.quoted("user-broke", "station-456").await;
    let key = fresh_key();
    let second = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(second.status, 402, "{}", second.body);
    assert!(!second.error().is_empty());
    assert_eq!(rental_of(&world, &quote_id).await.status, "FAILED");
    assert_eq!(ejects(&world).await, 1);

    stopped(&world, &first.rental_id, "station-456").await;
    let stored = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(stored, second);
    let third = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(third.status, 200, "{}", third.body);
    let rentals = rentals_of(&world, &quote_id).await;
    for rental in &rentals {
        assert_eq!(deposit(&world, &rental.rental_id).await, (0, 0));
    }
    assert_eq!(rentals[1].status, "ACTIVE");
    assert_eq!(ejects(&world).await, 2);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_trusted_user_whose_rental_without_a_deposit_is_bought_out_may_start_another_one() {
    let world = World::start().await;
    let first = world.rent("user-broke", "station-demo").await;
    world.advance(5_000).await.unwrap();
    let status = world.status(&first.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("BUYOUT"), "for every reader");

    let quote_id = world.quoted("user-broke", "station-demo").await;
    let second = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(second.status, 200, "{}", second.body);
    let second = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &second.rental_id).await, (0, 0));
    assert_eq!(ejects(&world).await, 2);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_rental_without_a_deposit_does_not_hinder_one_with_a_deposit() {
    let world = World::start().await;
    let without = world.rent("user-broke", "station-456").await;
    world.stub.set_balance("user-broke", 500).await.unwrap();
    let with = world.rent("user-broke", "station-456").await;

    assert_eq!(deposit(&world, &without.rental_id).await, (0, 0));
    assert_eq!(deposit(&world, &with.rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 2);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_retry_after_a_declined_deposit_asks_the_provider_only_under_a_new_key() {
    let world = World::start().await;
    let decline = json!({ "endpoint": HOLD, "mode": "fail", "status": 400, "times": 1 });
    untrusted(&world, "user-untrusted").await;
    fault(&world, decline).await;
    let quote_id = world.quoted("user-untrusted", "station-456").await;
    let key = fresh_key();
    for _ in 0..3 {
        let refused = world.start_rental(&quote_id, &key).await.unwrap();
        assert_error(&refused, 402, "Deposit declined");
    }
    assert_eq!(calls(&world, HOLD).await, 1);

    let started = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    assert_eq!(calls(&world, HOLD).await, 2);
    let rentals = rentals_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rentals[0].rental_id).await, (0, 0));
    assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}
