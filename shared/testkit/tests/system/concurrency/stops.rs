//! Stops at once, and against reconcile and the tick.

use super::gate::{Gate, all_at_once, until_waiting, warm};
use super::{MANY, OVERLAPPING};
use crate::probe::{calls, deposit, stock, stopped};
use futures::future::join_all;
use serde_json::json;
use testkit::{Rented, Response, World, fresh_key};

const STATION: &str = "station-456";

/// One end, one return, exactly the total billed.
async fn ended_once(world: &World, rented: &Rented, total: i64) {
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert_eq!(shown["transitions"].as_array().unwrap().len(), 2, "one end");
    assert_eq!(shown["rental"]["total_amount"], json!(total));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.refunded), (total, total, 0));
    assert_eq!(deposit(world, &rented.rental_id).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_identical_stops_at_once_end_the_rental_once_and_get_the_same_bytes() {
    let world = World::start().await;
    warm(&world, "stop", MANY).await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 5).await.unwrap();
    let key = fresh_key();
    let gate = Gate::before_the_keys(&world).await;
    let stops = (0..MANY)
        .map(|_| world.stop(&rented.rental_id, STATION, &key))
        .collect();
    let answers = all_at_once(&world, gate, stops).await;
    assert!(world.lambda.most_at_once("stop") >= OVERLAPPING);

    let retried = world.stop(&rented.rental_id, STATION, &key).await.unwrap();
    assert_eq!(retried.json()["total_amount"], json!(45));
    for answer in &answers {
        assert_eq!(*answer, retried);
    }
    ended_once(&world, &rented, 45).await;
    assert_eq!(calls(&world, "return-powerbank").await, 1);
    assert_eq!(stock(&world, STATION).await, json!(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_stops_at_once_under_different_keys_end_the_rental_once_with_one_total() {
    let world = World::start().await;
    warm(&world, "stop", MANY).await;
    let rented = world.rent("user-123", STATION).await;
    world.advance(44 * 60 + 5).await.unwrap();
    let keys: Vec<String> = (0..MANY).map(|_| fresh_key()).collect();
    let gate = Gate::before_the_keys(&world).await;
    let stops = keys
        .iter()
        .map(|key| world.stop(&rented.rental_id, STATION, key))
        .collect();
    let answers = all_at_once(&world, gate, stops).await;
    assert!(world.lambda.most_at_once("stop") >= OVERLAPPING);

    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(*answer, answers[0]);
    }
    assert_eq!(answers[0].json()["total_amount"], json!(45));
    ended_once(&world, &rented, 45).await;
    assert_eq!(calls(&world, "return-powerbank").await, 1);
    assert_eq!(stock(&world, STATION).await, json!(5));
}

/// Stops and reconcile meet at a rental that is bought out, one of them first.
async fn stop_against_buyout(reconcile_first: bool) {
    let world = World::start().await;
    warm(&world, "stop", OVERLAPPING + 2).await;
    let rented = world.rent("user-123", "station-demo").await;
    assert_eq!(world.reconcile().await.unwrap()["buyouts"], json!(0));
    world.advance(6_000).await.unwrap();
    let gate = Gate::before_the_rental(&world, &rented.rental_id).await;
    let keys: Vec<String> = (0..4).map(|_| fresh_key()).collect();
    let stops = async {
        if reconcile_first {
            until_waiting(&world, 1).await;
        }
        let stops = keys
            .iter()
            .map(|key| world.stop(&rented.rental_id, STATION, key));
        join_all(stops).await
    };
    let reconcile = async {
        if !reconcile_first {
            until_waiting(&world, 4).await;
        }
        world.reconcile().await.unwrap()
    };
    let open = async {
        until_waiting(&world, 5).await;
        gate.open().await;
    };
    let (stops, report, ()) = tokio::join!(stops, reconcile, open);
    assert_eq!(report["failures"], json!([]));
    assert_eq!(report["buyouts"], json!(usize::from(reconcile_first)));

    let status = world.status(&rented.rental_id).await.unwrap().json();
    for stop in stops.into_iter().map(|stop| stop.unwrap().json()) {
        assert_eq!(stop["status"], json!("BUYOUT"));
        assert_eq!(stop["finished_at"], status["finished_at"]);
        assert_eq!(stop["duration_minutes"], json!(5_000 / 60));
    }
    ended_once(&world, &rented, 5_000).await;
    assert_eq!(
        calls(&world, "return-powerbank").await,
        0,
        "the bank is the user's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_that_come_while_reconcile_writes_the_buyout_down_see_it() {
    stop_against_buyout(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconcile_that_comes_while_a_stop_finds_the_buyout_leaves_it_alone() {
    stop_against_buyout(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_ticks_and_reconciles_at_once_bill_exactly_the_total() {
    let world = World::start().await;
    let mut rented = Vec::new();
    for user_id in ["user-123", "user-anna", "user-subscriber"] {
        rented.push(world.rent(user_id, STATION).await);
    }
    world.advance(44 * 60 + 5).await.unwrap();
    let thrice = rented.iter().cycle().take(9);
    let stops = thrice.map(|rented| stopped(&world, &rented.rental_id, STATION));
    let ticks = (0..4).map(|_| world.tick());
    let reconciles = (0..2).map(|_| world.reconcile());
    let (stops, ticks, reconciles) =
        tokio::join!(join_all(stops), join_all(ticks), join_all(reconciles));

    assert!(ticks.iter().chain(&reconciles).all(Result::is_ok));
    world.check_laws().await.unwrap();
    world.settle_and_check().await.unwrap();
    for rented in &rented {
        let own = |stop: &&Response| stop.json()["rental_id"] == json!(rented.rental_id);
        let bodies: Vec<_> = stops.iter().filter(own).map(|stop| &stop.body).collect();
        assert_eq!(bodies.len(), 3);
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        let books = world.books(&rented.rental_id).await.unwrap();
        assert_eq!((books.paid, books.taken, books.refunded), (45, 45, 0));
        assert_eq!((books.holds, books.held), (1, 0));
    }
    assert_eq!(stock(&world, STATION).await, json!(5));
}
