//! `retry-debt` and `write-off-debt`: a debt that grew too old to be collected.

use super::{DAYS, old_debt, owing, recorded, retry_debt, write_off_debt};
use crate::billed::{
    BROKE, clears, current_debt, events, finish, fresh_tick, int, next_slot, next_tick, stop, text,
};
use crate::checks::shifted;
use crate::probe::{deposit, hold_status};
use serde_json::json;
use testkit::{Builder, World};

#[tokio::test]
async fn a_debt_that_is_to_be_tried_again_is_collected_and_its_hold_released() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    let calls = clears(&world, &rental_id).await.len();
    let shown = world.operator(retry_debt(&rental_id)).await.unwrap();
    assert_eq!(int(&shown["billing"], "debt"), total);
    assert_eq!(text(&shown["operator_actions"][0], "operator"), "anna");
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "collections"), int(&tick, "collected_amount")),
        (1, total)
    );
    assert_eq!(clears(&world, &rental_id).await.len(), calls + 1);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.debt, books.paid, books.taken, books.held),
        (0, total, total, 0)
    );
    let told = [("DEBT_OPENED", total), ("DEBT_SETTLED", 0)];
    assert_eq!(
        events(&world, &rental_id).await,
        told.map(|(kind, amount)| (kind.to_owned(), amount))
    );
}

#[tokio::test]
async fn a_debt_that_is_to_be_tried_again_is_tried_for_as_long_as_a_new_one() {
    let world = World::start().await;
    let rental_id = owing(&world, 44 * 60 + 20).await;
    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    world.advance(30 * DAYS).await.unwrap();
    next_tick(&world).await;
    world.operator(retry_debt(&rental_id)).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "declined"), 1);
    world.advance(30 * DAYS - 3_600).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "declined"), 1);
    world.advance(3_600).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "declined"), int(&tick, "left_to_a_person")),
        (0, 1)
    );
    world.operator(retry_debt(&rental_id)).await.unwrap();
    world.stub.set_balance(BROKE, 1_000).await.unwrap();
    next_tick(&world).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
    assert_eq!(recorded(&world, &rental_id).await.len(), 2);
}

#[tokio::test]
async fn a_debt_that_is_given_up_is_owed_no_more_and_its_hold_released() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    let calls = clears(&world, &rental_id).await.len();
    assert_eq!(hold_status(&world, &rental_id).await, "HELD");
    let shown = world
        .operator(write_off_debt(&rental_id, total))
        .await
        .unwrap();
    let billing = &shown["billing"];
    assert_eq!(
        ["debt", "written_off", "paid", "refunded"].map(|sum| int(billing, sum)),
        [0, total, 0, 0]
    );
    let command = &shown["operator_actions"][0]["command"];
    assert_eq!(int(command, "amount"), total);
    assert_eq!(text(command, "reason"), "the user moved away");
    assert_eq!(current_debt(&world, &rental_id).await, Some(0));
    world.settle_and_check().await.unwrap();
    world.advance(60 * DAYS).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    assert_eq!(clears(&world, &rental_id).await.len(), calls);
    assert_eq!(deposit(&world, &rental_id).await, (1, 0));
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.written_off, books.taken), (total, 0));
    let told = [("DEBT_OPENED", total), ("DEBT_SETTLED", 0)];
    assert_eq!(
        events(&world, &rental_id).await,
        told.map(|(kind, amount)| (kind.to_owned(), amount))
    );
}

#[tokio::test]
async fn an_end_that_is_moved_back_takes_from_what_was_given_up_and_gives_nothing_back() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    world
        .operator(write_off_debt(&rental_id, total))
        .await
        .unwrap();
    let shown = world.show(&rental_id).await.unwrap();
    let started_at = text(&shown["rental"], "started_at").parse().unwrap();
    for (minutes, due) in [(20, 20), (0, 0)] {
        let at = json!(shifted(started_at, minutes * 60));
        finish(&world, &rental_id, &at).await.unwrap();
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.written_off, books.refunded, books.taken),
            (due, 0, 0)
        );
    }
}

#[tokio::test]
async fn a_rental_that_runs_on_is_charged_for_what_comes_after_the_debt_that_was_given_up() {
    let world = Builder::default()
        .env("DEBT_MAX_AGE_DAYS", "1")
        .start()
        .await
        .unwrap();
    let rental_id = owing(&world, 44 * 60 + 20).await;
    world.advance(DAYS).await.unwrap();
    next_tick(&world).await;
    let debt = world.books(&rental_id).await.unwrap().debt;
    assert!(debt > 24 * 60, "{debt}");
    world
        .operator(write_off_debt(&rental_id, debt))
        .await
        .unwrap();
    world.check_laws().await.unwrap();
    world.stub.set_balance(BROKE, 1_000).await.unwrap();
    world.advance(600).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "charges"), 1);
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.written_off, books.taken),
        (debt, total - debt),
        "{books:?}"
    );
}

#[tokio::test]
async fn a_debt_to_which_no_tick_comes_is_a_persons_also_when_debts_may_grow_older_than_before() {
    let world = World::start().await;
    let (tried_again, owed) = old_debt(&world).await;
    let (given_up, total) = old_debt(&world).await;
    let older = [("DEBT_MAX_AGE_DAYS", "90")];
    let operator = async |command| {
        let answer = world.lambda.invoke_with("operator", command, &older).await;
        answer.unwrap()
    };
    let tick = async || {
        next_slot(&world).await;
        fresh_tick(&world, &older).await
    };
    let books = tick().await["books"].clone();
    assert_eq!(int(&books, "debts_left_to_a_person"), 2, "{books}");
    let worklist = operator(json!({ "command": "worklist" })).await;
    let debts = worklist["billing"]["debts"].as_array().unwrap();
    let waiting: Vec<&str> = debts.iter().map(|debt| text(debt, "rental_id")).collect();
    assert_eq!(waiting, [&tried_again, &given_up], "{worklist}");

    operator(retry_debt(&tried_again)).await;
    operator(write_off_debt(&given_up, total)).await;
    let report = tick().await;
    assert_eq!(int(&report, "collected_amount"), owed, "{report}");
    assert_eq!(int(&report["books"], "debts_left_to_a_person"), 0);
    world.settle_and_check().await.unwrap();
    let books = world.books(&given_up).await.unwrap();
    assert_eq!((books.written_off, books.taken), (total, 0));
}
