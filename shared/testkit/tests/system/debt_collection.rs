//! Debt is collected in steps, after a rest that doubles with each decline.

use crate::billed::{
    Attempt, BROKE, CLEAR, DEMO, attempts, clears, configs, current_debt, fresh_tick, int,
    next_slot, next_tick, number, rented_for, stop, uuid,
};
use serde_json::json;
use testkit::World;

/// A rental that ended owing some 250, none of which was asked for a second time.
async fn owing(world: &World) -> (String, i64) {
    let rental_id = rented_for(world, BROKE, DEMO, 240).await;
    let total = stop(world, &rental_id).await;
    assert_eq!(int(&next_tick(world).await, "declined"), 1);
    (rental_id, total)
}

async fn collections(world: &World, rental_id: &str) -> Vec<Attempt> {
    let mut attempts = attempts(world, rental_id).await;
    attempts.retain(|attempt| attempt.kind == "COLLECTION");
    attempts
}

/// Seconds from one column of the debt to another.
async fn rest(world: &World, rental_id: &str, since: &str) -> i64 {
    let rest = format!(
        "SELECT extract(epoch FROM next_try_at - {since})::bigint FROM debts WHERE rental_id = '{}'",
        uuid(rental_id)
    );
    number(&world.databases.billing, rest).await
}

const LAST_TRY: &str = "(SELECT max(settled_at) FROM payment_attempts a
                         WHERE a.rental_id = debts.rental_id)";

#[tokio::test]
async fn a_debt_is_first_collected_60_seconds_after_it_arose_and_then_in_steps_of_100() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    assert_eq!(rest(&world, &rental_id, "opened_at").await, 60);
    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "collections"), 0, "it rests");

    let steps = [100, 100, total - 200];
    for (so_far, step) in steps.iter().enumerate() {
        world.advance(61).await.unwrap();
        let tick = next_tick(&world).await;
        assert_eq!(
            (int(&tick, "collections"), int(&tick, "collected_amount")),
            (1, *step)
        );
        let books = world.books(&rental_id).await.unwrap();
        let paid: i64 = steps.iter().take(so_far + 1).sum();
        assert_eq!(
            (books.paid, books.taken, books.debt),
            (paid, paid, total - paid)
        );
        world.check_laws().await.unwrap();
    }
    let collected = collections(&world, &rental_id).await;
    assert!(collected.iter().all(|attempt| attempt.step == Some(100)));
    world.settle_and_check().await.unwrap();
    assert_eq!(
        collections(&world, &rental_id).await.len(),
        3,
        "and not again"
    );
}

#[tokio::test]
async fn each_decline_doubles_the_rest_up_to_an_hour() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    for (declines, rest_sec) in [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]
        .into_iter()
        .enumerate()
    {
        assert_eq!(rest(&world, &rental_id, LAST_TRY).await, rest_sec);
        let calls = clears(&world, &rental_id).await.len();
        world.advance(rest_sec - 40).await.unwrap();
        world.tick().await.unwrap();
        assert_eq!(
            clears(&world, &rental_id).await.len(),
            calls,
            "{rest_sec} s are not over"
        );
        world.advance(40).await.unwrap();
        let tick = next_tick(&world).await;
        assert_eq!(int(&tick, "declined"), 1, "after {declines} declines");
        assert_eq!(clears(&world, &rental_id).await.len(), calls + 1);
    }
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (total, 0, 0));
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(int(&shown["billing"], "debt_failures"), 8);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_success_resets_the_rest_to_60_seconds() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    for _ in 0..3 {
        world.advance(3_600).await.unwrap();
        assert_eq!(int(&next_tick(&world).await, "declined"), 1);
    }
    assert_eq!(rest(&world, &rental_id, LAST_TRY).await, 480);
    world.stub.set_balance(BROKE, 100).await.unwrap();
    world.advance(480).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "collections"), 1);
    assert_eq!(rest(&world, &rental_id, LAST_TRY).await, 60);

    world.advance(60).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "declined"), 1);
    assert_eq!(rest(&world, &rental_id, LAST_TRY).await, 120);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.debt, books.paid, books.taken),
        (total - 100, 100, 100)
    );
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_collection_whose_outcome_is_unknown_is_owed_still_and_counts_as_no_try() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    let lost = json!({ "endpoint": CLEAR, "mode": "fail", "status": 503 });
    world.stub.fault(lost).await.unwrap();
    world.advance(61).await.unwrap();
    for _ in 0..5 {
        let tick = next_tick(&world).await;
        assert_eq!(
            (int(&tick, "unknown"), int(&tick, "declined")),
            (1, 0),
            "{tick}"
        );
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.open, books.debt, books.taken), (100, total - 100, 0));
        assert_eq!(current_debt(&world, &rental_id).await, Some(total));
        world.check_laws().await.unwrap();
    }
    assert_eq!(
        rest(&world, &rental_id, "opened_at").await,
        60,
        "no try has been counted"
    );
    assert_eq!(collections(&world, &rental_id).await.len(), 1);
    assert_eq!(
        int(
            &world.show(&rental_id).await.unwrap()["billing"],
            "debt_failures"
        ),
        0
    );

    world.stub.heal().await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "collections"), 1);
    assert_eq!(current_debt(&world, &rental_id).await, Some(total - 100));
    world.settle_and_check().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.taken), (0, total));
}

#[tokio::test]
async fn a_collection_that_took_the_money_and_lost_the_answer_takes_it_once() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    let lost = json!({ "endpoint": CLEAR, "mode": "lose", "times": 2 });
    world.stub.fault(lost).await.unwrap();
    world.advance(61).await.unwrap();
    for _ in 0..2 {
        assert_eq!(int(&next_tick(&world).await, "unknown"), 1);
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.taken, books.paid, books.open), (100, 0, 100));
    }
    for _ in 0..3 {
        world.advance(61).await.unwrap();
        next_tick(&world).await;
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (0, total, total));
}

#[tokio::test]
async fn a_changed_step_counts_for_the_next_collection_only() {
    let world = World::start().await;
    let (rental_id, total) = owing(&world).await;
    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    let mut left = total;
    for step in [30, 1, 1_000] {
        configs(&world, 5_000, 30, step).await;
        world.advance(61).await.unwrap();
        next_slot(&world).await;
        assert_eq!(
            int(&fresh_tick(&world, &[]).await, "collected_amount"),
            step.min(left)
        );
        left = world.books(&rental_id).await.unwrap().debt;
    }
    let collected: Vec<_> = collections(&world, &rental_id)
        .await
        .iter()
        .map(|a| (a.step, a.amount))
        .collect();
    assert_eq!(
        collected,
        [(Some(30), 30), (Some(1), 1), (Some(1_000), total - 31)]
    );
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
}

#[tokio::test]
async fn collection_goes_on_beside_a_rental_that_still_runs() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, DEMO, 300).await;
    next_tick(&world).await;
    world.stub.set_balance(BROKE, 100_000).await.unwrap();
    for _ in 0..3 {
        world.advance(61).await.unwrap();
        let tick = next_tick(&world).await;
        assert_eq!(
            (int(&tick, "collections"), int(&tick, "charges")),
            (1, 0),
            "{tick}"
        );
    }
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken), (300, 300));
    assert!(books.debt > 0, "dues joined meanwhile");
    world.check_laws().await.unwrap();
}
