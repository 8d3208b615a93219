//! Starts at once.

use super::gate::{Gate, all_at_once, warm};
use super::{MANY, OVERLAPPING};
use crate::billed::{PLAIN, RICH};
use crate::probe::{
    assert_error, assert_in_flight, calls, deposit, ejects, fault, fault_once, rental_count,
    rental_of, rentals_of, set_stock, until,
};
use futures::future::join_all;
use serde_json::json;
use testkit::{Response, World, fresh_key};

/// Starts every quote at once, each under a key of its own.
async fn start_all(world: &World, quote_ids: &[String]) -> Vec<Response> {
    warm(world, "start", quote_ids.len()).await;
    let keys: Vec<String> = quote_ids.iter().map(|_| fresh_key()).collect();
    let pairs = quote_ids.iter().zip(&keys);
    let starts = pairs
        .map(|(quote_id, key)| world.start_rental(quote_id, key))
        .collect();
    let gate = Gate::before_the_keys(world).await;
    all_at_once(world, gate, starts).await
}

fn with_status(answers: &[Response], status: u16) -> Vec<&Response> {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_identical_starts_at_once_give_one_rental_one_eject_and_one_hold() {
    let world = World::start().await;
    warm(&world, "start", MANY).await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    let late = json!({ "endpoint": "hold-money-for-order", "mode": "late", "delay_ms": 500 });
    fault(&world, late).await;
    let gate = Gate::before_the_keys(&world).await;
    let starts = (0..MANY)
        .map(|_| world.start_rental(&quote_id, &key))
        .collect();
    let answers = all_at_once(&world, gate, starts).await;
    assert!(world.lambda.most_at_once("start") >= OVERLAPPING);

    let retried = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(retried.status, 200, "{}", retried.body);
    let started = with_status(&answers, 200);
    assert!(!started.is_empty());
    for answer in &answers {
        match answer.status {
            200 => assert_eq!(*answer, retried),
            _ => assert_in_flight(answer),
        }
    }
    assert_eq!((rental_count(&world).await, ejects(&world).await), (1, 1));
    assert_eq!(calls(&world, "hold-money-for-order").await, 1);
    assert_eq!(calls(&world, "eject-powerbank").await, 1);
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_starts_of_one_quote_under_different_keys_give_one_rental_one_eject_and_one_hold() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let quote_ids = vec![quote_id.clone(); MANY];
    let answers = start_all(&world, &quote_ids).await;
    assert!(world.lambda.most_at_once("start") >= OVERLAPPING);

    assert_eq!(with_status(&answers, 200).len(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_error(refused, 409, "Quote already used");
    }
    assert_eq!((rental_count(&world).await, ejects(&world).await), (1, 1));
    assert_eq!(calls(&world, "hold-money-for-order").await, 1);
    let rental = rental_of(&world, &quote_id).await;
    assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_starts_at_once_of_a_station_with_three_banks_give_three_rentals() {
    let world = World::start().await;
    let mut quote_ids = Vec::new();
    for number in 0..10 {
        quote_ids.push(world.quoted(&format!("user-{number}"), "station-456").await);
    }
    set_stock(&world, "station-456", 3).await;
    let answers = start_all(&world, &quote_ids).await;

    assert_eq!(with_status(&answers, 200).len(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_error(refused, 409, "No power bank could be ejected");
    }
    assert_eq!(ejects(&world).await, 3);
    for quote_id in &quote_ids {
        let rental = rental_of(&world, quote_id).await;
        let held = if rental.status == "ACTIVE" { 500 } else { 0 };
        assert_eq!(
            deposit(&world, &rental.rental_id).await,
            (1, held),
            "{rental:?}"
        );
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_user_without_money_who_starts_ten_rentals_at_once_gets_one() {
    let world = World::start().await;
    let mut quote_ids = Vec::new();
    for _ in 0..10 {
        quote_ids.push(world.quoted("user-broke", "station-demo").await);
    }
    let answers = start_all(&world, &quote_ids).await;

    assert_eq!(with_status(&answers, 200).len(), 1);
    assert_eq!(with_status(&answers, 402).len(), 9);
    assert_eq!(ejects(&world).await, 1);
    for quote_id in &quote_ids {
        let rental = rental_of(&world, quote_id).await;
        assert_eq!(deposit(&world, &rental.rental_id).await, (0, 0));
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_starts_at_once_of_an_untrusted_user_with_one_deposit_give_one_rental() {
    let world = World::start().await;
    world.stub.set_balance("user-new-broke", 999).await.unwrap();
    let mut quote_ids = Vec::new();
    for _ in 0..10 {
        quote_ids.push(world.quoted("user-new-broke", "station-456").await);
    }
    let answers = start_all(&world, &quote_ids).await;

    assert_eq!(with_status(&answers, 200).len(), 1);
    assert_eq!(with_status(&answers, 402).len(), 9);
    assert_eq!(ejects(&world).await, 1);
    let account = world
        .stub
        .get("/admin/accounts/user-new-broke")
        .await
        .unwrap();
    assert_eq!(
        (&account["balance"], &account["held"]),
        (&json!(499), &json!(500))
    );
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_stations_that_eject_the_same_bank_at_once_give_three_rentals_and_flag_two() {
    let world = World::start().await;
    let late = json!({ "endpoint": "eject-powerbank", "mode": "late", "delay_ms": 300 });
    fault(&world, late).await;
    let mut quote_ids = Vec::new();
    for station_id in ["station-456", "station-gum", "station-vdnkh"] {
        let next = json!({ "next_powerbank_id": "pb-777" });
        let path = format!("/admin/stations/{station_id}");
        world.stub.put(&path, next).await.unwrap();
        quote_ids.push(world.quoted(station_id, station_id).await);
    }
    let keys: Vec<String> = quote_ids.iter().map(|_| fresh_key()).collect();
    let pairs = quote_ids.iter().zip(&keys);
    let starts = pairs.map(|(quote_id, key)| world.start_rental(quote_id, key));
    let started = join_all(starts).await;

    let mut flagged = 0;
    for (answer, quote_id) in started.into_iter().map(Result::unwrap).zip(&quote_ids) {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["powerbank_id"], json!("pb-777"));
        let rental = rental_of(&world, quote_id).await;
        let (holds, held) = deposit(&world, &rental.rental_id).await;
        assert!(holds == 1 && held > 0, "{rental:?}");
        let shown = world.show(&rental.rental_id).await.unwrap();
        flagged += usize::from(shown["rental"]["flag_reason"].is_string());
    }
    assert_eq!(flagged, 2, "all but the last");
    assert_eq!(ejects(&world).await, 3);
    world.settle_and_check().await.unwrap();
}

/// The client retries and reconcile works on a start whose eject did, or did not, happen, all at
/// once, after the lease ran out.
async fn retry_against_reconcile(mode: &str) {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let key = fresh_key();
    fault_once(&world, "eject-powerbank", mode).await;
    let unknown = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(unknown.status, 503, "{}", unknown.body);
    world.advance(26).await.unwrap();

    let retries = (0..OVERLAPPING).map(|_| world.start_rental(&quote_id, &key));
    let reconciles = (0..3).map(|_| world.reconcile());
    let (answers, reports) = tokio::join!(join_all(retries), join_all(reconciles));
    let retried = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(retried.status, 200, "{mode}: {}", retried.body);
    for answer in answers.into_iter().map(Result::unwrap) {
        match answer.status {
            200 => assert_eq!(answer, retried),
            _ => assert_in_flight(&answer),
        }
    }
    for report in reports {
        assert_eq!(report.unwrap()["failures"], json!([]));
    }
    assert_eq!(ejects(&world).await, 1, "{mode}");
    let rentals = rentals_of(&world, &quote_id).await;
    let active: Vec<_> = rentals
        .iter()
        .filter(|rental| rental.status == "ACTIVE")
        .collect();
    assert_eq!(active.len(), 1, "{rentals:?}");
    assert_eq!(deposit(&world, &active[0].rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_reconcile_that_find_the_same_ejected_bank_make_one_rental_of_it() {
    retry_against_reconcile("lose").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_reconcile_that_find_that_nothing_was_ejected_eject_at_most_one_bank() {
    retry_against_reconcile("fail").await;
}

#[tokio::test]
async fn a_start_that_was_overtaken_by_its_retry_gives_the_retrys_answer() {
    let world = World::start().await;
    let (quote_id, key) = (world.quoted(RICH, PLAIN).await, fresh_key());
    let slow =
        json!({ "endpoint": "eject-powerbank", "mode": "late", "delay_ms": 3_000, "times": 1 });
    world.stub.fault(slow).await.unwrap();
    let overtaken = world.start_rental(&quote_id, &key);
    let retry = async {
        until("the station is asked", async || {
            !world
                .stub
                .calls("eject-powerbank")
                .await
                .unwrap()
                .is_empty()
        })
        .await;
        world.advance(26).await.unwrap();
        world.start_rental(&quote_id, &key).await
    };
    let (overtaken, retry) = tokio::join!(overtaken, retry);
    let retry = retry.unwrap();
    assert_eq!(retry.status, 200, "{}", retry.body);
    assert_eq!(overtaken.unwrap(), retry);
    world.settle_and_check().await.unwrap();
}
