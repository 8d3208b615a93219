//! `retry-debt` and `write-off-debt` where there is nothing of the kind to decide.

use super::{DAYS, old_debt, owing, recorded, refused, retry_debt, write_off_debt};
use crate::billed::{
    CLEAR, DEMO, RICH, current_debt, int, next_slot, next_tick, rented_for, sql, stop, uuid,
};
use crate::probe::fault;
use futures::future::join_all;
use serde_json::json;
use testkit::{Builder, World};

#[tokio::test]
async fn a_debt_that_is_still_collected_is_not_a_persons_to_decide() {
    let world = World::start().await;
    let rental_id = owing(&world, 44 * 60 + 20).await;
    let total = stop(&world, &rental_id).await;
    for days in [0, 29] {
        world.advance(days * DAYS).await.unwrap();
        next_tick(&world).await;
        let debt = current_debt(&world, &rental_id).await.unwrap();
        assert_eq!(debt, total);
        for command in [retry_debt(&rental_id), write_off_debt(&rental_id, debt)] {
            let error = refused(&world, &rental_id, command).await;
            assert!(error.contains("still collected"), "{error}");
        }
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn who_owes_nothing_is_forgiven_nothing() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let told = async |paid: &str| {
        for command in [retry_debt(&rental_id), write_off_debt(&rental_id, 1)] {
            let error = refused(&world, &rental_id, command).await;
            assert!(error.contains("owes nothing"), "{paid}: {error}");
        }
    };
    told("never charged").await;
    stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    told("paid").await;
}

#[tokio::test]
async fn a_rental_that_billing_does_not_know_owes_nothing_yet() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rental_id = world.rent(RICH, DEMO).await.rental_id;
    world.billing_proxy.open();
    for command in [retry_debt(&rental_id), write_off_debt(&rental_id, 1)] {
        let error = refused(&world, &rental_id, command).await;
        assert!(error.contains("not known to billing"), "{error}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn only_what_is_owed_is_given_up_and_only_once() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    for amount in [total - 1, total + 1, 0] {
        let error = refused(&world, &rental_id, write_off_debt(&rental_id, amount)).await;
        assert!(
            error.contains(&format!("owes {total}, not {amount}")),
            "{error}"
        );
    }
    let negative = refused(&world, &rental_id, write_off_debt(&rental_id, -total)).await;
    assert!(negative.contains("negative"), "{negative}");
    let command = write_off_debt(&rental_id, total);
    world.operator(command.clone()).await.unwrap();
    let again = refused(&world, &rental_id, command).await;
    assert!(again.contains("owes nothing"), "{again}");
    let late = refused(&world, &rental_id, retry_debt(&rental_id)).await;
    assert!(late.contains("owes nothing"), "{late}");
    assert_eq!(recorded(&world, &rental_id).await, ["write-off-debt"]);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_debt_is_tried_again_once_however_often_it_is_said() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    let commands = || (0..4).map(|_| world.operator(retry_debt(&rental_id)));
    let answers = join_all(commands()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let again = refused(&world, &rental_id, retry_debt(&rental_id)).await;
    assert!(again.contains("still collected"), "{again}");
    next_tick(&world).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
    assert_eq!(recorded(&world, &rental_id).await, ["retry-debt"]);
}

#[tokio::test]
async fn a_debt_that_a_tick_works_on_right_now_is_left_to_the_tick() {
    let world = World::start().await;
    let (rental_id, total) = old_debt(&world).await;
    let taken = format!(
        "UPDATE rentals SET lease_token = gen_random_uuid(),
                lease_until = app_now() + interval '15 seconds'
         WHERE rental_id = '{}'",
        uuid(&rental_id)
    );
    sql(&world.databases.billing, taken).await;
    for command in [retry_debt(&rental_id), write_off_debt(&rental_id, total)] {
        let error = refused(&world, &rental_id, command).await;
        assert!(error.contains("right now"), "{error}");
    }
    world.advance(16).await.unwrap();
    world
        .operator(write_off_debt(&rental_id, total))
        .await
        .unwrap();
    world.settle_and_check().await.unwrap();
}

/// Its collection is unknown: what became of that is to be found out first.
#[tokio::test]
async fn a_debt_with_an_open_attempt_waits_for_the_attempt() {
    let world = Builder::default()
        .env("DEBT_MAX_AGE_DAYS", "1")
        .start()
        .await
        .unwrap();
    let rental_id = owing(&world, 44 * 60 + 20).await;
    let total = stop(&world, &rental_id).await;
    fault(&world, json!({ "endpoint": CLEAR, "mode": "fail" })).await;
    world.advance(60).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "unknown"), 1);
    world.advance(DAYS).await.unwrap();
    next_slot(&world).await;
    world.tick().await.unwrap();
    for command in [retry_debt(&rental_id), write_off_debt(&rental_id, total)] {
        let error = refused(&world, &rental_id, command).await;
        assert!(error.contains("is open"), "{error}");
    }
    let attempt_id = &world.show(&rental_id).await.unwrap()["payment_attempts"][1]["attempt_id"];
    let resolve = json!({ "command": "resolve-attempt", "rental_id": rental_id,
                          "attempt_id": attempt_id, "outcome": "declined", "operator": "anna" });
    world.operator(resolve).await.unwrap();
    world
        .operator(write_off_debt(&rental_id, total))
        .await
        .unwrap();
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.written_off, books.taken), (total, 0));
}

/// Whoever comes first: the money is taken, or the debt given up, and never both.
#[tokio::test]
async fn a_debt_that_is_given_up_while_ticks_run_is_collected_or_given_up() {
    let world = World::start().await;
    for _ in 0..3 {
        let (rental_id, total) = old_debt(&world).await;
        world.operator(retry_debt(&rental_id)).await.unwrap();
        world.advance(30 * DAYS - 20).await.unwrap();
        next_slot(&world).await;
        let (ticks, _) = tokio::join!(
            join_all((0..3).map(|_| world.tick())),
            world.operator(write_off_debt(&rental_id, total)),
        );
        assert!(ticks.iter().all(Result::is_ok), "{ticks:?}");
        world.check_laws().await.unwrap();
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        let sums = [books.taken, books.written_off, books.debt];
        assert_eq!(sums.iter().sum::<i64>(), total);
        assert!(books.taken == 0 || books.written_off == 0, "{books:?}");
    }
}
