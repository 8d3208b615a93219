//! Stops while something is away.

use super::{CLEAR, STATION};
use crate::probe::{
    assert_unavailable, calls, deposit, fault, rental_moment, stock, stop_rental_clock_at, stopped,
    until_called,
};
use serde_json::json;
use testkit::{World, fresh_key, scheduled_event};

const STATION_DATA: &str = "station-data";
const RETURN: &str = "return-powerbank";

#[tokio::test]
async fn a_stop_is_accepted_while_stations_are_away_and_the_bank_is_reported_when_they_are_back() {
    let world = World::start().await;
    for mode in ["fail", "garbage", "lose", "hang"] {
        let rented = world.rent("user-123", STATION).await;
        world.advance(44 * 60 + 30).await.unwrap();
        fault(&world, json!({ "endpoint": STATION_DATA, "mode": mode })).await;
        fault(
            &world,
            json!({ "endpoint": RETURN, "mode": "fail", "status": 503 }),
        )
        .await;
        let stop = stopped(&world, &rented.rental_id, STATION).await;
        assert_eq!(stop.json()["status"], json!("FINISHED"), "{mode}");
        assert_eq!(
            stop.json()["total_amount"],
            json!(45),
            "nobody is billed for an outage"
        );
        assert_eq!(
            world.reconcile().await.unwrap()["powerbanks_returned"],
            json!(0)
        );

        world.stub.heal().await.unwrap();
        assert_eq!(stock(&world, STATION).await, json!(4), "{mode}");
        world.settle_and_check().await.unwrap();
        assert_eq!(stock(&world, STATION).await, json!(5), "{mode}");
        let books = world.books(&rented.rental_id).await.unwrap();
        assert_eq!((books.taken, books.holds, books.held), (45, 1, 0), "{mode}");
    }
}

#[tokio::test]
async fn a_stop_counts_from_when_it_came_and_not_from_when_the_stations_were_given_up_on() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(299_940).await.unwrap();
    let before = rental_moment(&world, "buyout_at", &rented.rental_id, -1).await;
    stop_rental_clock_at(&world, &before).await;
    fault(&world, json!({ "endpoint": STATION_DATA, "mode": "hang" })).await;
    let asked = calls(&world, STATION_DATA).await;
    let meanwhile = async {
        until_called(&world, STATION_DATA, asked + 1).await;
        let after = rental_moment(&world, "buyout_at", &rented.rental_id, 1).await;
        stop_rental_clock_at(&world, &after).await;
        world.stub.heal().await.unwrap();
    };
    let (stop, ()) = tokio::join!(stopped(&world, &rented.rental_id, STATION), meanwhile);
    let body = stop.json();
    assert_eq!(body["status"], json!("FINISHED"));
    assert_eq!(body["total_amount"], json!(4_999));

    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (4_999, 1, 0));
    assert_eq!(stock(&world, STATION).await, json!(5));
}

#[tokio::test]
async fn a_bank_that_its_station_never_takes_back_is_set_aside_and_holds_up_no_other() {
    let world = World::start().await;
    let nowhere = world.rent("user-123", STATION).await;
    let other = world.rent("user-anna", STATION).await;
    fault(&world, json!({ "endpoint": STATION_DATA, "mode": "fail" })).await;
    stopped(&world, &nowhere.rental_id, "station-nowhere").await;
    stopped(&world, &other.rental_id, STATION).await;
    world.stub.heal().await.unwrap();

    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (&report["set_aside"], &report["powerbanks_returned"]),
        (&json!(1), &json!(1))
    );
    let shown = world.show(&nowhere.rental_id).await.unwrap();
    assert!(shown["transitions"][1]["return_error"].is_string());
    assert_eq!(stock(&world, STATION).await, json!(4));
    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &nowhere.rental_id).await, (1, 0));
    assert_eq!(deposit(&world, &other.rental_id).await, (1, 0));
    assert_eq!(calls(&world, RETURN).await, 2);
}

#[tokio::test]
async fn a_stop_before_the_copy_arrived_is_billed_exactly_once_it_did() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    assert_eq!(stop.json()["total_amount"], json!(45));
    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(
        (&status["status"], &status["current_debt"]),
        (&json!("FINISHED"), &json!(null))
    );
    world.billing_proxy.open();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    assert!(world.show(&rented.rental_id).await.unwrap()["billing"].is_null());

    world.advance(3_600).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap()["copied"], json!(2));
    world.advance(30).await.unwrap();
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(45));
    assert_eq!(calls(&world, CLEAR).await, 1);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(
        (books.taken, books.holds, books.held, books.refunded),
        (45, 1, 0, 0)
    );
    assert_eq!(calls(&world, CLEAR).await, 1);
}

#[tokio::test]
async fn a_stop_whose_copy_is_delayed_is_billed_for_what_is_missing_only() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(30 * 60).await.unwrap();
    // In a process of its own: the next tick's connection is not one that was cut.
    let tick = world
        .lambda
        .invoke_with("billing-tick", scheduled_event(), &[]);
    assert_eq!(tick.await.unwrap()["charged_amount"], json!(30));
    world.advance(14 * 60 + 30).await.unwrap();
    world.billing_proxy.cut();
    let stop = stopped(&world, &rented.rental_id, STATION).await;
    assert_eq!(stop.json()["total_amount"], json!(45));
    world.billing_proxy.open();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 470));

    assert_eq!(world.reconcile().await.unwrap()["copied"], json!(1));
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(15));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(
        (books.taken, books.holds, books.held, books.refunded),
        (45, 1, 0, 0)
    );
}

#[tokio::test]
async fn a_stop_succeeds_while_db_billing_is_frozen_and_is_billed_exactly_afterwards() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    world.billing_proxy.freeze();
    let key = fresh_key();
    let stop = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(stop.json()["total_amount"], json!(45));
    assert_eq!(
        world.stop(&rented.rental_id, STATION, &key).await.unwrap(),
        stop
    );
    world.billing_proxy.open();
    assert_eq!(world.reconcile().await.unwrap()["copied"], json!(1));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (45, 1, 0));
}

#[tokio::test]
async fn a_stop_without_db_rental_is_asked_to_come_again_and_then_succeeds() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 30).await.unwrap();
    let key = fresh_key();
    world.rental_proxy.cut();
    let away = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_unavailable(&away);
    world.rental_proxy.open();
    let status = world.status(&rented.rental_id).await.unwrap().json();
    assert_eq!(status["status"], json!("ACTIVE"));

    let stop = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(stop.json()["total_amount"], json!(45));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (45, 1, 0));
}
