//! Starts that do not learn whether their hold was made.

use super::{HOLD, untrusted};
use crate::probe::{
    assert_error, assert_unavailable, calls, deposit, ejects, fault, fault_once, hold_status,
    rental_of, rentals_of, until, until_called,
};
use serde_json::json;
use testkit::{World, fresh_key};

/// Every way in which a provider leaves a hold's outcome unknown, short of silence.
fn unknown_outcomes() -> Vec<serde_json::Value> {
    let statuses = [200, 401, 404, 429, 500, 503];
    let fails =
        statuses.map(|status| json!({ "endpoint": HOLD, "mode": "fail", "status": status }));
    let others = ["garbage", "lose"].map(|mode| json!({ "endpoint": HOLD, "mode": mode }));
    fails.into_iter().chain(others).collect()
}

#[tokio::test]
async fn an_untrusted_user_is_asked_to_come_again_and_the_retry_makes_exactly_one_hold() {
    let world = World::start().await;
    for (number, unknown) in unknown_outcomes().into_iter().enumerate() {
        let user_id = format!("user-untrusted-{number}");
        untrusted(&world, &user_id).await;
        let quote_id = world.quoted(&user_id, "station-demo").await;
        let key = fresh_key();
        fault(&world, unknown.clone()).await;
        for _ in 0..2 {
            let refused = world.start_rental(&quote_id, &key).await.unwrap();
            assert_unavailable(&refused);
        }
        assert_eq!(ejects(&world).await, number, "{unknown}");

        world.stub.heal().await.unwrap();
        let started = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(started.status, 200, "{unknown}: {}", started.body);
        let rental = rental_of(&world, &quote_id).await;
        assert_eq!(
            deposit(&world, &rental.rental_id).await,
            (1, 500),
            "{unknown}"
        );
        assert_eq!(hold_status(&world, &rental.rental_id).await, "HELD");
        assert_eq!(ejects(&world).await, number + 1, "{unknown}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_silent_provider_is_given_up_on_and_only_the_trusted_start() {
    let world = World::start().await;
    let trusted = world.quoted("user-123", "station-456").await;
    let untrusted = world.quoted("user-new", "station-456").await;
    let (trusted_key, key) = (fresh_key(), fresh_key());
    fault(&world, json!({ "endpoint": HOLD, "mode": "hang" })).await;
    let (started, refused) = tokio::join!(
        world.start_rental(&trusted, &trusted_key),
        world.start_rental(&untrusted, &key),
    );
    let (started, refused) = (started.unwrap(), refused.unwrap());
    assert_eq!(started.status, 200, "{}", started.body);
    assert_unavailable(&refused);
    assert_eq!(ejects(&world).await, 1);

    world.stub.heal().await.unwrap();
    let retried = world.start_rental(&untrusted, &key).await.unwrap();
    assert_eq!(retried.status, 200, "{}", retried.body);
    let rental = rental_of(&world, &untrusted).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    let rental = rental_of(&world, &trusted).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (0, 0));
    assert_eq!(hold_status(&world, &rental.rental_id).await, "REQUESTED");
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_trusted_user_starts_whatever_the_provider_answers() {
    let world = World::start().await;
    for (number, unknown) in unknown_outcomes().into_iter().enumerate() {
        fault(&world, unknown.clone()).await;
        let rented = world.rent(&format!("user-{number}"), "station-demo").await;
        world.stub.heal().await.unwrap();
        assert_eq!(
            hold_status(&world, &rented.rental_id).await,
            "REQUESTED",
            "{unknown}"
        );
        assert_eq!(ejects(&world).await, number + 1);
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn an_untrusted_start_that_nobody_retries_is_rolled_back_and_its_hold_released() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new", "station-456").await;
    let key = fresh_key();
    fault_once(&world, HOLD, "lose").await;
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));

    world.reconcile().await.unwrap();
    assert_eq!(
        rental_of(&world, &quote_id).await.status,
        "PENDING",
        "the client may retry"
    );
    world.advance(26).await.unwrap();
    world.reconcile().await.unwrap();
    world.reconcile().await.unwrap();
    assert_eq!(rental_of(&world, &quote_id).await.status, "FAILED");
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 0));
    assert_eq!(calls(&world, "eject-powerbank").await, 0);

    let retried = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(
        retried.status, 200,
        "the quote serves again: {}",
        retried.body
    );
    let rentals = rentals_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rentals[1].rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_the_provider_makes_after_the_caller_left_is_found_and_used() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new", "station-456").await;
    let key = fresh_key();
    fault(
        &world,
        json!({ "endpoint": HOLD, "mode": "stall", "delay_ms": 3_500, "times": 1 }),
    )
    .await;
    let refused = world.start_rental(&quote_id, &key).await.unwrap();
    assert_unavailable(&refused);
    let rental = rental_of(&world, &quote_id).await;
    let was_made = async || deposit(&world, &rental.rental_id).await == (1, 500);
    until("the hold is made", was_made).await;

    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_retry_that_comes_after_the_hold_ran_out_unheard_makes_one_under_a_new_key() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new", "station-456").await;
    let key = fresh_key();
    fault(
        &world,
        json!({ "endpoint": HOLD, "mode": "hang", "times": 1 }),
    )
    .await;
    let let_go = async {
        until_called(&world, HOLD, 1).await;
        world.stub.heal().await.unwrap();
    };
    let (refused, ()) = tokio::join!(world.start_rental(&quote_id, &key), let_go);
    assert_unavailable(&refused.unwrap());

    world.advance(26).await.unwrap();
    let started = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(started.status, 200, "{}", started.body);
    let statuses: Vec<_> = world.stub.calls(HOLD).await.unwrap();
    let statuses: Vec<_> = statuses.iter().map(|call| &call["status"]).collect();
    assert_eq!(statuses, [&json!(null), &json!(410), &json!(200)]);
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    assert_eq!(ejects(&world).await, 1);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_retry_that_finds_the_hold_declined_is_refused_for_good() {
    let world = World::start().await;
    let quote_id = world.quoted("user-new-broke", "station-456").await;
    let key = fresh_key();
    fault_once(&world, HOLD, "lose").await;
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());

    world
        .stub
        .set_balance("user-new-broke", 1_000)
        .await
        .unwrap();
    let refused = world.start_rental(&quote_id, &key).await.unwrap();
    assert_error(&refused, 402, "Deposit declined");
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(rental.status, "FAILED");
    assert_eq!(deposit(&world, &rental.rental_id).await, (0, 0));
    assert_eq!(calls(&world, "eject-powerbank").await, 0);
    world.settle_and_check().await.unwrap();
}
