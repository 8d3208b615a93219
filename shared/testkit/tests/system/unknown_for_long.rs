//! An attempt that stays unknown until providers forget its key is left to a person.

use crate::billed::{
    CLEAR, PLAIN, RICH, attempts, clears, current_debt, int, movements, next_tick, rented_for,
    stop, text,
};
use serde_json::{Value, json};
use testkit::World;

const HOURS: i64 = 3_600;

/// A rental of which one attempt is unknown, and the attempt's id. The provider `mode`s all clears.
async fn unknown(world: &World, mode: &str) -> (String, String, i64) {
    let rental_id = rented_for(world, RICH, PLAIN, 44 * 60 + 20).await;
    let total = stop(world, &rental_id).await;
    let fault = json!({ "endpoint": CLEAR, "mode": mode });
    world.stub.fault(fault).await.unwrap();
    assert_eq!(int(&next_tick(world).await, "unknown"), 1);
    let attempt = attempts(world, &rental_id).await.remove(0);
    assert_eq!((attempt.amount, attempt.status.as_str()), (total, "OPEN"));
    (rental_id, attempt.id, total)
}

async fn resolve(
    world: &World,
    rental_id: &str,
    attempt_id: &str,
    outcome: &str,
) -> anyhow::Result<Value> {
    let resolve = json!({ "command": "resolve-attempt", "rental_id": rental_id,
                          "attempt_id": attempt_id, "outcome": outcome, "operator": "anna" });
    world.operator(resolve).await
}

#[tokio::test]
async fn after_23_hours_nobody_asks_any_more_and_the_tick_reports_it() {
    let world = World::start().await;
    let (rental_id, _, total) = unknown(&world, "fail").await;
    world.advance(22 * HOURS).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "unknown"), int(&tick, "left_to_a_person")),
        (1, 0)
    );
    let calls = clears(&world, &rental_id).await.len();

    world.advance(HOURS).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "unknown"), int(&tick, "left_to_a_person")),
        (0, 1)
    );
    world.stub.heal().await.unwrap();
    for _ in 0..3 {
        world.advance(HOURS).await.unwrap();
        assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
        world.reconcile().await.unwrap();
    }
    assert_eq!(
        clears(&world, &rental_id).await.len(),
        calls,
        "no more calls"
    );
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.open, books.debt, books.paid, books.taken),
        (total, 0, 0, 0)
    );
    assert_eq!(books.held, 500, "a hold stands while something is unknown");
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_operator_who_finds_the_money_taken_closes_the_books() {
    let world = World::start().await;
    let (rental_id, attempt_id, total) = unknown(&world, "lose").await;
    world.advance(23 * HOURS).await.unwrap();
    next_tick(&world).await;

    let shown = resolve(&world, &rental_id, &attempt_id, "succeeded")
        .await
        .unwrap();
    assert_eq!(shown["billing"]["paid"], json!(total));
    assert_eq!(shown["payment_attempts"][0]["status"], json!("SUCCEEDED"));
    let action = &shown["operator_actions"][0];
    assert_eq!(text(action, "operator"), "anna");
    assert_eq!(text(&action["command"], "outcome"), "succeeded");
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
    assert_eq!(
        movements(&world, &rental_id).await,
        ["hold", "clear", "release"]
    );
}

#[tokio::test]
async fn an_operator_who_finds_no_money_taken_turns_the_attempt_into_a_debt_that_is_collected() {
    let world = World::start().await;
    let (rental_id, attempt_id, total) = unknown(&world, "fail").await;
    world.advance(23 * HOURS).await.unwrap();
    next_tick(&world).await;

    let shown = resolve(&world, &rental_id, &attempt_id, "declined")
        .await
        .unwrap();
    assert_eq!(shown["billing"]["debt"], json!(total));
    assert_eq!(current_debt(&world, &rental_id).await, Some(total));
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.debt, books.taken, books.held),
        (total, 0, total, 0)
    );
}

#[tokio::test]
async fn an_attempt_is_resolved_only_once_and_only_when_nobody_asks_about_it_any_more() {
    let world = World::start().await;
    let (rental_id, attempt_id, total) = unknown(&world, "lose").await;
    let refused = async |attempt_id: &str, outcome: &str| {
        let error = resolve(&world, &rental_id, attempt_id, outcome)
            .await
            .unwrap_err();
        format!("{error:#}")
    };
    let too_early = refused(&attempt_id, "succeeded").await;
    assert!(too_early.contains("still asked about"), "{too_early}");
    let unknown = refused("019a0000-0000-7000-8000-000000000000", "declined").await;
    assert!(unknown.contains("is not open"), "{unknown}");
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.open, books.paid), (total, 0));

    world.advance(23 * HOURS).await.unwrap();
    next_tick(&world).await;
    resolve(&world, &rental_id, &attempt_id, "succeeded")
        .await
        .unwrap();
    for outcome in ["succeeded", "declined"] {
        let again = refused(&attempt_id, outcome).await;
        assert!(again.contains("is not open"), "{again}");
    }
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(shown["operator_actions"].as_array().unwrap().len(), 1);
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.debt, books.taken), (total, 0, total));
}

#[tokio::test]
async fn a_rental_that_runs_on_beside_its_unknown_attempt_is_charged_the_rest_when_it_is_resolved()
{
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
    let lost = json!({ "endpoint": CLEAR, "mode": "lose" });
    world.stub.fault(lost).await.unwrap();
    next_tick(&world).await;
    let attempt = attempts(&world, &rental_id).await.remove(0);
    world.advance(23 * HOURS).await.unwrap();
    next_tick(&world).await;
    let calls = clears(&world, &rental_id).await.len();
    let total = stop(&world, &rental_id).await;
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "unknown"), int(&tick, "left_to_a_person")),
        (0, 1)
    );
    assert_eq!(
        clears(&world, &rental_id).await.len(),
        calls,
        "its end changes nothing"
    );
    assert_eq!(world.books(&rental_id).await.unwrap().taken, attempt.amount);

    world.stub.heal().await.unwrap();
    resolve(&world, &rental_id, &attempt.id, "succeeded")
        .await
        .unwrap();
    assert_eq!(
        int(&next_tick(&world).await, "charged_amount"),
        total - attempt.amount
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
}
