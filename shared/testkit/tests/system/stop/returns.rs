//! The power bank that came back is reported to its station.

use super::STATION;
use crate::probe::{calls, deposit, fault_once, stock, stopped};
use serde_json::json;
use testkit::World;

const RETURN: &str = "return-powerbank";

#[tokio::test]
async fn a_bank_is_in_its_stations_stock_again_once_and_is_the_next_that_comes_out() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    let powerbank_id = rented.response.json()["powerbank_id"].clone();
    assert_eq!(stock(&world, STATION).await, json!(4));
    stopped(&world, &rented.rental_id, STATION).await;
    assert_eq!(
        world.reconcile().await.unwrap()["powerbanks_returned"],
        json!(1)
    );
    assert_eq!(stock(&world, STATION).await, json!(5));

    world.settle_and_check().await.unwrap();
    assert_eq!(stock(&world, STATION).await, json!(5));
    let calls = world.stub.calls(RETURN).await.unwrap();
    assert_eq!(calls.len(), 1);
    let expected = json!({ "station_id": STATION, "powerbank_id": powerbank_id });
    assert_eq!(calls[0]["body"], expected);
    assert!(calls[0]["idempotency_key"].is_string());
    let next = world.rent("user-anna", STATION).await;
    assert_eq!(next.response.json()["powerbank_id"], powerbank_id);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_bank_that_is_put_back_elsewhere_is_in_the_stock_there() {
    let world = World::start().await;
    let rented = world.rent("user-123", STATION).await;
    stopped(&world, &rented.rental_id, "station-empty").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(stock(&world, STATION).await, json!(4));
    assert_eq!(stock(&world, "station-empty").await, json!(1));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
}

#[tokio::test]
async fn a_report_whose_answer_is_lost_is_made_again_and_counts_once() {
    let world = World::start().await;
    let mut rentals = Vec::new();
    for mode in ["lose", "fail", "garbage"] {
        let rented = world.rent("user-123", STATION).await;
        stopped(&world, &rented.rental_id, STATION).await;
        fault_once(&world, RETURN, mode).await;
        assert_eq!(
            world.reconcile().await.unwrap()["powerbanks_returned"],
            json!(0),
            "{mode}"
        );
        assert_eq!(
            world.reconcile().await.unwrap()["powerbanks_returned"],
            json!(1),
            "{mode}"
        );
        assert_eq!(stock(&world, STATION).await, json!(5), "{mode}");
        rentals.push(rented.rental_id);
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(stock(&world, STATION).await, json!(5));
    assert_eq!(calls(&world, RETURN).await, 6, "each once and once again");
    for rental_id in &rentals {
        assert_eq!(deposit(&world, rental_id).await, (1, 0));
    }
}
