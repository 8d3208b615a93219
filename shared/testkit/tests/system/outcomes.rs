//! What the provider answers: yes, no, or nothing that can be known.

use crate::billed::{
    CLEAR, DEMO, PLAIN, RICH, attempts, clears, current_debt, int, movements, next_tick,
    rented_for, stop,
};
use serde_json::{Value, json};
use testkit::{Proxy, World, scheduled_event};

/// Orders a fault for the clears of one rental.
async fn fault(world: &World, rental_id: &str, mut fault: Value) {
    fault["endpoint"] = json!(CLEAR);
    fault["order_id"] = json!(rental_id);
    world.stub.fault(fault).await.unwrap();
}

/// The one attempt of a rental, which is open, while nothing is owed.
async fn the_open_attempt(world: &World, rental_id: &str) -> String {
    let attempts = attempts(world, rental_id).await;
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!(attempts[0].status, "OPEN");
    let books = world.books(rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.debt, books.open),
        (0, 0, attempts[0].amount)
    );
    assert_eq!(current_debt(world, rental_id).await, Some(0));
    world.check_laws().await.unwrap();
    attempts[0].id.clone()
}

#[tokio::test]
async fn what_says_neither_yes_nor_no_stays_open_under_its_key_and_is_asked_again_each_tick() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
    let refusals = [200, 201, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504];
    let mut faults = refusals
        .map(|status| json!({ "mode": "fail", "status": status, "times": 1 }))
        .to_vec();
    faults.push(json!({ "mode": "garbage", "times": 1 }));
    let mut keys = Vec::new();
    for known_as_nothing in &faults {
        fault(&world, &rental_id, known_as_nothing.clone()).await;
        let tick = next_tick(&world).await;
        assert_eq!(int(&tick, "unknown"), 1, "{known_as_nothing}: {tick}");
        assert_eq!((int(&tick, "charges"), int(&tick, "debts_opened")), (0, 0));
        keys.push(the_open_attempt(&world, &rental_id).await);
        assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "one attempt all the time");

    let tick = next_tick(&world).await;
    assert_eq!(int(&tick, "unknown"), 0, "{tick}");
    let calls = clears(&world, &rental_id).await;
    let (asked, later) = calls.split_at(faults.len() + 1);
    assert!(
        asked
            .iter()
            .all(|call| call["idempotency_key"] == json!(keys[0]))
    );
    assert!(asked.iter().all(|call| call["body"] == asked[0]["body"]));
    assert!(
        asked
            .iter()
            .all(|call| call["request_expires_at"] == asked[0]["request_expires_at"])
    );
    assert!(
        later
            .iter()
            .all(|call| call["idempotency_key"] != json!(keys[0]))
    );

    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
}

/// Here real time passes: three seconds until the tick gives up.
#[tokio::test]
async fn silence_is_unknown_whether_or_not_the_money_was_taken() {
    let world = World::start().await;
    let hanging = rented_for(&world, "user-a", DEMO, 0).await;
    let late = rented_for(&world, "user-b", DEMO, 0).await;
    let stalled = rented_for(&world, "user-c", DEMO, 100).await;
    fault(&world, &hanging, json!({ "mode": "hang", "times": 1 })).await;
    fault(
        &world,
        &late,
        json!({ "mode": "late", "delay_ms": 4_000, "times": 1 }),
    )
    .await;
    fault(
        &world,
        &stalled,
        json!({ "mode": "stall", "delay_ms": 4_000, "times": 1 }),
    )
    .await;
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "unknown"), int(&tick, "charges")),
        (3, 0),
        "{tick}"
    );
    for rental_id in [&hanging, &late, &stalled] {
        the_open_attempt(&world, rental_id).await;
    }
    assert_eq!(movements(&world, &late).await, ["hold", "clear"]);

    world.stub.heal().await.unwrap();
    for rental_id in [&hanging, &late, &stalled] {
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
    for rental_id in [&hanging, &late, &stalled] {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!(Some(books.taken), books.total_amount, "{books:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_unknown() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let closed = Proxy::start(("127.0.0.1".to_owned(), 1)).await.unwrap();
    closed.cut();
    let nobody = format!("http://127.0.0.1:{}", closed.port());
    drop(closed);
    let event = scheduled_event();
    let tick = world
        .lambda
        .invoke_with("billing-tick", event, &[("PAYMENTS_URL", &nobody)])
        .await
        .unwrap();
    assert_eq!(int(&tick, "unknown"), 1);
    let key = the_open_attempt(&world, &rental_id).await;
    assert!(clears(&world, &rental_id).await.is_empty());

    next_tick(&world).await;
    assert_eq!(
        clears(&world, &rental_id).await[0]["idempotency_key"],
        json!(key)
    );
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_money_was_taken_takes_it_once() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
    fault(&world, &rental_id, json!({ "mode": "lose", "times": 3 })).await;
    for _ in 0..3 {
        assert_eq!(int(&next_tick(&world).await, "unknown"), 1);
        the_open_attempt(&world, &rental_id).await;
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            books.taken, books.open,
            "it has the money, and nobody knows"
        );
    }
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken), (total, total));
    let taken: Vec<_> = movements(&world, &rental_id).await;
    assert_eq!(taken.first().map(String::as_str), Some("hold"));
    let attempts = attempts(&world, &rental_id).await;
    let clears = taken.iter().filter(|kind| *kind == "clear").count();
    assert_eq!(
        clears,
        attempts.len(),
        "one take for each attempt: {taken:?}"
    );
}

#[tokio::test]
async fn while_an_attempt_is_open_nothing_else_is_asked_for() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    fault(&world, &rental_id, json!({ "mode": "fail", "status": 503 })).await;
    next_tick(&world).await;
    let first = world.books(&rental_id).await.unwrap().open;
    for _ in 0..4 {
        world.advance(300).await.unwrap();
        next_tick(&world).await;
        the_open_attempt(&world, &rental_id).await;
    }
    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    the_open_attempt(&world, &rental_id).await;
    assert_eq!(
        world.books(&rental_id).await.unwrap().open,
        first,
        "not a unit more"
    );

    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let amounts: Vec<i64> = attempts(&world, &rental_id)
        .await
        .iter()
        .map(|a| a.amount)
        .collect();
    assert_eq!(amounts, [first, total - first]);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (total, 0));
}

/// The provider's clock runs more than 23 hours ahead: each request has run out as it arrives.
#[tokio::test]
async fn an_attempt_that_ran_out_unseen_took_nothing_and_is_made_anew_without_haste() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60).await;
    fault(
        &world,
        &rental_id,
        json!({ "mode": "fail", "status": 410, "times": 40 }),
    )
    .await;
    next_tick(&world).await;
    let calls = clears(&world, &rental_id).await.len();
    assert!(calls <= 2, "one tick asked {calls} times");
    assert_eq!(attempts(&world, &rental_id).await[0].status, "EXPIRED");
    assert_eq!(current_debt(&world, &rental_id).await, Some(0));
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);

    let total = stop(&world, &rental_id).await;
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
}
