//! Ejects of which it is not known whether a power bank left the station.

use super::EJECT;
use crate::probe::{
    assert_error, assert_unavailable, calls, deposit, ejects, fault, fault_once, hold_status,
    rental_of, rentals_of, set_stock, until,
};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

/// A start whose eject is unknown: the quote, the key, the rental.
struct Unknown {
    quote_id: String,
    key: String,
    rental_id: String,
}

impl Unknown {
    /// The station does, or does not, what it was asked, and in either case does not say so.
    async fn start(world: &World, mode: &str) -> Self {
        let quote_id = world.quoted(&format!("user-{mode}"), "station-456").await;
        let key = fresh_key();
        fault_once(world, EJECT, mode).await;
        let called = calls(world, EJECT).await;
        let let_go = async {
            until("the station is asked", async || {
                calls(world, EJECT).await > called
            })
            .await;
            if mode == "hang" {
                world.stub.heal().await.unwrap();
            }
        };
        let (refused, ()) = tokio::join!(world.start_rental(&quote_id, &key), let_go);
        assert_unavailable(&refused.unwrap());
        let rental = rental_of(world, &quote_id).await;
        assert_eq!(rental.status, "PENDING");
        assert_eq!(deposit(world, &rental.rental_id).await, (1, 500));
        let rental_id = rental.rental_id;
        Self {
            quote_id,
            key,
            rental_id,
        }
    }
}

/// What the station answered to each call, in order.
async fn answers(world: &World) -> Vec<Value> {
    let calls = world.stub.calls(EJECT).await.unwrap();
    calls.iter().map(|call| call["status"].clone()).collect()
}

#[tokio::test]
async fn an_eject_without_an_answer_is_tried_again_under_the_same_key_and_happens_once() {
    let world = World::start().await;
    for (before, mode) in ["lose", "garbage", "fail", "hang"].into_iter().enumerate() {
        let Unknown {
            quote_id,
            key,
            rental_id,
        } = Unknown::start(&world, mode).await;
        let came_out = usize::from(mode == "lose");
        assert_eq!(ejects(&world).await, before + came_out, "{mode}");

        let started = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(started.status, 200, "{mode}: {}", started.body);
        let repeated = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(repeated, started);
        let ejected = world.stub.ejects().await.unwrap();
        assert_eq!(ejected.len(), before + 1, "{mode}");
        assert_eq!(
            started.json()["powerbank_id"],
            ejected[before]["powerbank_id"]
        );
        assert_eq!(started.json()["rental_id"], json!(rental_id));
        assert_eq!(deposit(&world, &rental_id).await, (1, 500), "{mode}");
        assert_eq!(
            calls(&world, "hold-money-for-order").await,
            before + 1,
            "{mode}"
        );
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_bank_that_comes_out_after_eight_seconds_is_the_renters_by_retry_or_by_reconcile() {
    let world = World::start().await;
    for mode in ["late", "stall"] {
        let slow = json!({ "endpoint": EJECT, "mode": mode, "delay_ms": 8_500, "times": 1 });
        fault(&world, slow).await;
    }
    let first = world.quoted("user-123", "station-456").await;
    let second = world.quoted("user-anna", "station-456").await;
    let (key, other_key) = (fresh_key(), fresh_key());
    let (refused, also_refused) = tokio::join!(
        world.start_rental(&first, &key),
        world.start_rental(&second, &other_key),
    );
    assert_unavailable(&refused.unwrap());
    assert_unavailable(&also_refused.unwrap());
    until("both banks come out", async || ejects(&world).await == 2).await;

    let retried = world.start_rental(&first, &key).await.unwrap();
    assert_eq!(retried.status, 200, "{}", retried.body);
    world.advance(26).await.unwrap();
    assert_eq!(
        world.reconcile().await.unwrap()["starts_finished"],
        json!(1)
    );
    let late = world.start_rental(&second, &other_key).await.unwrap();
    assert_eq!(late.status, 200, "{}", late.body);
    assert_ne!(retried.json()["powerbank_id"], late.json()["powerbank_id"]);
    assert_eq!(ejects(&world).await, 2);
    for quote_id in [&first, &second] {
        let rental = rental_of(&world, quote_id).await;
        assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn nobody_asks_the_station_again_before_the_clients_time_is_over() {
    let world = World::start().await;
    let unknown = Unknown::start(&world, "lose").await;
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["starts_finished"], json!(0));
    assert_eq!(calls(&world, EJECT).await, 1);
    assert_eq!(rental_of(&world, &unknown.quote_id).await.status, "PENDING");
    assert_eq!(world.status(&unknown.rental_id).await.unwrap().status, 404);
    assert_eq!(deposit(&world, &unknown.rental_id).await, (1, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_eject_that_happened_is_found_by_reconcile_and_a_late_retry_gets_the_stored_answer() {
    let world = World::start().await;
    let Unknown {
        quote_id,
        key,
        rental_id,
    } = Unknown::start(&world, "lose").await;
    world.advance(26).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["starts_finished"], json!(1));

    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(
        (rental.rental_id.as_str(), rental.status.as_str()),
        (rental_id.as_str(), "ACTIVE")
    );
    let stored: String = sqlx::query_scalar("SELECT response FROM idempotency_keys WHERE key = $1")
        .bind(&key)
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    world.advance(600).await.unwrap();
    let late = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!((late.status, late.body.as_str()), (200, stored.as_str()));
    assert_eq!(world.start_rental(&quote_id, &key).await.unwrap(), late);

    let body = late.json();
    let ejected = world.stub.ejects().await.unwrap();
    assert_eq!(ejected.len(), 1);
    assert_eq!(body["powerbank_id"], ejected[0]["powerbank_id"]);
    let status = world.status(&rental_id).await.unwrap().json();
    assert_eq!(status["started_at"], body["started_at"]);
    assert_eq!(deposit(&world, &rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn an_eject_that_never_happened_is_rolled_back_and_no_bank_comes_out_by_asking_late() {
    let world = World::start().await;
    for (before, mode) in ["fail", "garbage", "hang"].into_iter().enumerate() {
        let Unknown {
            quote_id,
            key,
            rental_id,
        } = Unknown::start(&world, mode).await;
        world.advance(26).await.unwrap();
        let report = world.reconcile().await.unwrap();
        assert_eq!(report["starts_rolled_back"], json!(1), "{mode}");

        assert_eq!(
            rental_of(&world, &quote_id).await.status,
            "FAILED",
            "{mode}"
        );
        assert_eq!(answers(&world).await.last(), Some(&json!(410)), "{mode}");
        assert_eq!(ejects(&world).await, before, "{mode}");
        assert_eq!(deposit(&world, &rental_id).await, (1, 0), "{mode}");
        assert_eq!(hold_status(&world, &rental_id).await, "RELEASED", "{mode}");

        let retried = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(
            retried.status, 200,
            "the quote serves again: {}",
            retried.body
        );
        let rentals = rentals_of(&world, &quote_id).await;
        assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
        assert_eq!(ejects(&world).await, before + 1);
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_start_of_which_neither_hold_nor_eject_is_known_is_undone_or_finished_with_its_hold() {
    let world = World::start().await;
    for (mode, status) in [("lose", "ACTIVE"), ("fail", "FAILED")] {
        let quote_id = world.quoted(&format!("user-{mode}"), "station-456").await;
        fault_once(&world, "hold-money-for-order", "lose").await;
        fault_once(&world, EJECT, mode).await;
        let key = fresh_key();
        assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
        let rental = rental_of(&world, &quote_id).await;
        assert_eq!(hold_status(&world, &rental.rental_id).await, "REQUESTED");
        assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));

        world.settle_and_check().await.unwrap();
        assert_eq!(rental_of(&world, &quote_id).await.status, status);
        let standing = if mode == "lose" { 500 } else { 0 };
        assert_eq!(deposit(&world, &rental.rental_id).await, (1, standing));
    }
    assert_eq!(ejects(&world).await, 1);
}

#[tokio::test]
async fn a_retry_after_the_rollback_finds_the_quote_expired_and_ejects_nothing() {
    let world = World::start().await;
    let Unknown {
        quote_id,
        key,
        rental_id,
    } = Unknown::start(&world, "fail").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(rental_of(&world, &quote_id).await.status, "FAILED");
    let expired = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&expired, 400, "Quote expired");
    assert_eq!(ejects(&world).await, 0);
    assert_eq!(deposit(&world, &rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_refusal_that_was_lost_is_found_by_reconcile_and_given_to_the_late_retry() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    set_stock(&world, "station-456", 0).await;
    fault_once(&world, EJECT, "lose").await;
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
    set_stock(&world, "station-456", 5).await;
    world.advance(26).await.unwrap();
    world.reconcile().await.unwrap();

    let late = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&late, 409, "No power bank could be ejected");
    assert_eq!(world.start_rental(&quote_id, &key).await.unwrap(), late);
    let failed = rental_of(&world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    assert_eq!(deposit(&world, &failed.rental_id).await, (1, 0));
    assert_eq!(ejects(&world).await, 0);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_start_waits_for_a_station_that_is_away_and_keeps_its_hold_meanwhile() {
    let world = World::start().await;
    let Unknown {
        quote_id,
        key,
        rental_id,
    } = Unknown::start(&world, "lose").await;
    fault(
        &world,
        json!({ "endpoint": EJECT, "mode": "fail", "times": 2 }),
    )
    .await;
    for _ in 0..2 {
        world.advance(26).await.unwrap();
        let report = world.reconcile().await.unwrap();
        assert_eq!(report["starts_unknown"], json!(1));
        assert_eq!(rental_of(&world, &quote_id).await.status, "PENDING");
        assert_eq!(deposit(&world, &rental_id).await, (1, 500));
    }
    world.advance(26).await.unwrap();
    assert_eq!(
        world.reconcile().await.unwrap()["starts_finished"],
        json!(1)
    );
    let late = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(late.status, 200, "{}", late.body);
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_retry_that_comes_after_the_eject_ran_out_unheard_ejects_once_under_a_new_key() {
    let world = World::start().await;
    let Unknown {
        quote_id,
        key,
        rental_id,
    } = Unknown::start(&world, "hang").await;
    world.advance(26).await.unwrap();
    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    assert_eq!(answers(&world).await, [json!(null), json!(410), json!(200)]);
    assert_eq!(ejects(&world).await, 1);
    assert_eq!(deposit(&world, &rental_id).await, (1, 500));
    assert_eq!(calls(&world, "hold-money-for-order").await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn the_bank_of_an_open_rental_that_reconcile_finds_ejected_again_flags_the_old_rental() {
    let world = World::start().await;
    let old = world.rent("user-anna", "station-456").await;
    let next = json!({ "next_powerbank_id": old.response.json()["powerbank_id"] });
    world
        .stub
        .put("/admin/stations/station-456", next)
        .await
        .unwrap();
    let new = Unknown::start(&world, "lose").await;
    world.advance(26).await.unwrap();
    world.reconcile().await.unwrap();

    assert_eq!(rental_of(&world, &new.quote_id).await.status, "ACTIVE");
    let shown = world.show(&old.rental_id).await.unwrap();
    assert!(shown["rental"]["flag_reason"].is_string());
    assert_eq!(deposit(&world, &old.rental_id).await, (1, 500));
    assert_eq!(deposit(&world, &new.rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 2);
    world.settle_and_check().await.unwrap();
}
