//! A stop whose process dies, at each of its steps.
//!
//! One world for all steps: they are crashed one after the other, each with a rental of its own.

use crate::probe::{calls, deposit, hold_status};
use runtime::step::Step;
use serde_json::{Value, json};
use stop::StopStep;
use testkit::{World, fresh_key};

const PATH: &str = "/api/v1/rentals/stop";
const RETURN: &str = "return-powerbank";

/// How the rentals end: at what station they began, after how long, and with what.
struct End {
    station_id: &'static str,
    seconds: i64,
    status: &'static str,
    total: i64,
}

const FINISHED: End = End {
    station_id: "station-456",
    seconds: 44 * 60 + 5,
    status: "FINISHED",
    total: 45,
};

const BUYOUT: End = End {
    station_id: "station-demo",
    seconds: 6_000,
    status: "BUYOUT",
    total: 5_000,
};

/// A stop that died at a step.
struct Stop {
    step: StopStep,
    rental_id: String,
    key: String,
}

/// Whether the end was committed before the process died.
const fn is_decided(step: StopStep) -> bool {
    match step {
        StopStep::Received => false,
        StopStep::Decided | StopStep::Delivered => true,
    }
}

/// Rents one rental for each step and lets its stop die there.
async fn die_at_each_step(world: &World, end: &End) -> Vec<Stop> {
    let mut stops = Vec::new();
    for step in StopStep::ALL {
        let rented = world
            .rent(&format!("user-{}", step.name()), end.station_id)
            .await;
        let (rental_id, key) = (rented.rental_id, fresh_key());
        stops.push(Stop {
            step: *step,
            rental_id,
            key,
        });
    }
    world.advance(end.seconds).await.unwrap();
    for stop in &stops {
        let body = json!({ "rental_id": stop.rental_id, "station_id": end.station_id });
        let step = stop.step.name();
        world
            .post_and_abort_at(step, PATH, &stop.key, &body)
            .await
            .unwrap();
    }
    stops
}

async fn state(world: &World, rental_id: &str) -> Value {
    let shown = world.show(rental_id).await.unwrap();
    shown["rental"].clone()
}

/// Exactly the total is billed, nothing is held, and a bank that came back is reported once.
async fn check_settled(world: &World, end: &End, stops: &[Stop]) {
    world.settle_and_check().await.unwrap();
    for stop in stops {
        let step = stop.step.name();
        let books = world.books(&stop.rental_id).await.unwrap();
        assert_eq!(books.status, end.status, "{step}");
        assert_eq!(books.total_amount, Some(end.total), "{step}");
        assert_eq!((books.paid, books.taken), (end.total, end.total), "{step}");
        assert_eq!((books.debt, books.refunded), (0, 0), "{step}");
        assert_eq!(deposit(world, &stop.rental_id).await, (1, 0), "{step}");
        assert_eq!(
            hold_status(world, &stop.rental_id).await,
            "RELEASED",
            "{step}"
        );
    }
    let returned = if end.status == "FINISHED" {
        stops.len()
    } else {
        0
    };
    assert_eq!(calls(world, RETURN).await, returned);
}

async fn dies_and_is_retried(end: &End) {
    let world = World::start().await;
    let stops = die_at_each_step(&world, end).await;
    for stop in &stops {
        let before = state(&world, &stop.rental_id).await;
        let step = stop.step.name();
        assert_eq!(
            before["finished_at"].is_string(),
            is_decided(stop.step),
            "{step}"
        );
        let retried = world
            .stop(&stop.rental_id, end.station_id, &stop.key)
            .await
            .unwrap();
        assert_eq!(retried.status, 200, "{step}: {}", retried.body);
        let body = retried.json();
        assert_eq!(body["status"], json!(end.status), "{step}");
        assert_eq!(body["total_amount"], json!(end.total), "{step}");
        if is_decided(stop.step) {
            assert_eq!(body["finished_at"], before["finished_at"], "{step}");
        }
        let again = world
            .stop(&stop.rental_id, end.station_id, &stop.key)
            .await
            .unwrap();
        assert_eq!(again, retried, "{step}");
    }
    // Billing hears of the ends before it bills.
    world.reconcile().await.unwrap();
    check_settled(&world, end, &stops).await;
}

#[tokio::test]
async fn a_stop_that_dies_is_finished_by_the_clients_retry_with_one_end_and_one_total() {
    dies_and_is_retried(&FINISHED).await;
}

#[tokio::test]
async fn a_stop_of_a_bought_out_rental_that_dies_is_finished_by_the_clients_retry() {
    dies_and_is_retried(&BUYOUT).await;
}

#[tokio::test]
async fn a_stop_that_dies_and_is_not_retried_is_settled_if_it_was_decided_and_did_nothing_if_not() {
    let world = World::start().await;
    let stops = die_at_each_step(&world, &FINISHED).await;
    // Billing hears of the ends before it bills.
    world.reconcile().await.unwrap();
    world.settle_and_check().await.unwrap();
    let (decided, undecided): (Vec<_>, Vec<_>) =
        stops.into_iter().partition(|stop| is_decided(stop.step));
    check_settled(&world, &FINISHED, &decided).await;
    assert!(!undecided.is_empty());
    for stop in undecided {
        let shown = state(&world, &stop.rental_id).await;
        assert_eq!(shown["status"], json!("ACTIVE"), "{}", stop.step.name());
        assert_eq!(hold_status(&world, &stop.rental_id).await, "HELD");
        let late = world
            .stop(&stop.rental_id, "station-456", &stop.key)
            .await
            .unwrap();
        let total = late.json()["total_amount"].as_i64().unwrap();
        assert!(total > FINISHED.total, "the rental went on: {}", late.body);
        world.settle_and_check().await.unwrap();
        let books = world.books(&stop.rental_id).await.unwrap();
        assert_eq!((books.taken, books.holds, books.held), (total, 1, 0));
    }
    assert_eq!(calls(&world, RETURN).await, StopStep::ALL.len());
}

#[tokio::test]
async fn a_bought_out_rental_whose_stop_dies_is_settled_by_reconcile_and_tick_alone() {
    let world = World::start().await;
    let stops = die_at_each_step(&world, &BUYOUT).await;
    check_settled(&world, &BUYOUT, &stops).await;
}
