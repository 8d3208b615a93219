//! Ticks work on a grid: however many come, early, late or never, the sum is the same.

use crate::billed::{
    BROKE, DEMO, PLAIN, RICH, attempts, clears, configs, fresh_tick, int, next_slot, next_slot_of,
    next_tick, number, rented_for, stop, uuid,
};
use crate::checks::{moment, shifted};
use serde_json::json;
use testkit::{Builder, World};

#[tokio::test]
async fn a_second_tick_within_the_same_slot_does_nothing() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    let first = next_tick(&world).await;
    assert_eq!(int(&first, "charges"), 1);
    let books = world.books(&rental_id).await.unwrap();
    for _ in 0..3 {
        world.advance(2).await.unwrap();
        let again = world.tick().await.unwrap();
        assert_eq!(int(&again, "rentals"), 0, "{again}");
        assert_eq!(again["nothing_left"], json!(true));
    }
    assert_eq!(clears(&world, &rental_id).await.len(), 1);
    assert_eq!(world.books(&rental_id).await.unwrap().taken, books.taken);

    let next = next_tick(&world).await;
    assert_eq!(int(&next, "charges"), 1);
    assert_eq!(clears(&world, &rental_id).await.len(), 2);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_end_within_a_slot_is_billed_in_the_next_one() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    next_tick(&world).await;
    world.advance(5).await.unwrap();
    let total = stop(&world, &rental_id).await;
    assert_eq!(int(&world.tick().await.unwrap(), "rentals"), 0);
    assert!(world.books(&rental_id).await.unwrap().paid < total);
    assert_eq!(int(&next_tick(&world).await, "rentals"), 1);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken), (total, total));
    world.settle_and_check().await.unwrap();
}

/// Law 12: what is due depends on the time and the terms alone.
#[tokio::test]
async fn ticks_in_any_number_and_at_any_moment_come_to_the_same_sum() {
    let world = World::start().await;
    let schedules: [&[i64]; 5] = [
        &[],
        &[900],
        &[30, 30, 30, 30, 30, 30],
        &[1, 299, 2, 2, 600],
        &[3_599, 1],
    ];
    for schedule in schedules {
        let rental_id = world.rent(RICH, DEMO).await.rental_id;
        for pause_sec in schedule {
            world.advance(*pause_sec).await.unwrap();
            world.tick().await.unwrap();
            world.check_laws().await.unwrap();
        }
        world.advance(45).await.unwrap();
        let total = stop(&world, &rental_id).await;
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.paid, books.taken, books.held),
            (total, total, 0),
            "{schedule:?}"
        );
    }
}

#[tokio::test]
async fn a_tick_that_comes_hours_late_skips_nothing() {
    let world = World::start().await;
    let often = world.rent("user-anna", PLAIN).await.rental_id;
    let late = world.rent(RICH, "station-gum").await.rental_id;
    world.advance(20 * 3_600 + 30).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(
        int(&tick, "charges"),
        2,
        "one charge each, for all of it: {tick}"
    );
    assert_eq!(world.books(&often).await.unwrap().taken, 20 * 60 + 1);
    assert_eq!(world.books(&late).await.unwrap().taken, 20 * 90 + 1);
    for rental_id in [&often, &late] {
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_changed_billing_tick_sec_counts_from_the_next_tick_on_and_changes_no_sum() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    next_slot_of(&world, 300).await;
    assert_eq!(int(&fresh_tick(&world, &[]).await, "charges"), 1);

    configs(&world, 5_000, 300, 100).await;
    next_slot(&world).await;
    assert_eq!(int(&fresh_tick(&world, &[]).await, "rentals"), 0);
    next_slot_of(&world, 300).await;
    assert_eq!(int(&fresh_tick(&world, &[]).await, "charges"), 1);

    configs(&world, 5_000, 30, 100).await;
    next_slot(&world).await;
    assert_eq!(int(&fresh_tick(&world, &[]).await, "charges"), 1);

    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken), (total, total));
}

/// Whether configs do not answer, or answer what makes no sense: the environment counts.
#[tokio::test]
async fn while_configs_are_away_the_environments_values_count() {
    let environment = [("BILLING_TICK_SEC", "300"), ("DEBT_CHARGE_STEP", "7")];
    let world = environment
        .into_iter()
        .fold(Builder::default(), |world, (name, value)| {
            world.env(name, value)
        })
        .start()
        .await
        .unwrap();
    let rental_id = rented_for(&world, BROKE, DEMO, 60).await;
    let away = json!({ "endpoint": "configs", "mode": "fail", "status": 503 });
    world.stub.fault(away).await.unwrap();
    next_slot_of(&world, 300).await;
    assert_eq!(int(&world.tick().await.unwrap(), "declined"), 1);
    for _ in 0..2 {
        next_slot(&world).await;
        let tick = world.tick().await.unwrap();
        assert_eq!(int(&tick, "rentals"), 0, "a grid of 300 s: {tick}");
        next_slot_of(&world, 300).await;
        world.tick().await.unwrap();
        let collection = attempts(&world, &rental_id).await.pop().unwrap();
        assert_eq!((collection.step, collection.amount), (Some(7), 7));
        world.stub.heal().await.unwrap();
        configs(&world, 0, 30, 100).await;
    }
    assert_eq!(attempts(&world, &rental_id).await.len(), 3);
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    world.check_laws().await.unwrap();
}

/// Its first unit is due within a grace before a moment of the grid.
#[tokio::test]
async fn a_fresh_rental_is_not_read_before_its_first_unit_is_a_grace_old() {
    let world = World::start().await;
    next_slot(&world).await;
    world.advance(24).await.unwrap();
    let rented = world.rent(RICH, PLAIN).await;
    let started_at = moment(&rented.response.json(), "started_at");
    let first_due_sec = started_at.timestamp() + 301;
    let grid_sec = (first_due_sec + 29).div_euclid(30) * 30;
    assert!((0..5).contains(&(grid_sec - first_due_sec)), "{started_at}");
    let slot = shifted(started_at, grid_sec - started_at.timestamp());
    world.stand_still_at(slot).await.unwrap();
    assert_eq!(int(&world.tick().await.unwrap(), "rentals"), 0);
    world.stand_still_at(shifted(slot, 30)).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!((int(&tick, "rentals"), int(&tick, "charges")), (1, 1));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_rental_that_ends_before_any_tick_looked_at_it_is_billed_without_waiting_for_a_grace() {
    let world = World::start().await;
    next_slot(&world).await;
    let rental_id = world.rent(RICH, DEMO).await.rental_id;
    world.advance(20).await.unwrap();
    let total = stop(&world, &rental_id).await;
    assert!(total > 0);
    assert_eq!(int(&next_tick(&world).await, "charged_amount"), total);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_rental_is_looked_at_again_only_when_its_next_unit_is_due() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 10 * 60).await;
    next_tick(&world).await;
    let paid = world.books(&rental_id).await.unwrap().paid;
    // At 60 an hour the next unit begins right after a full minute, and is billed 5 s behind.
    let rests_until = number(
        &world.databases.billing,
        format!(
            "SELECT extract(epoch FROM next_bill_at - started_at)::bigint FROM rentals
             WHERE rental_id = '{}'",
            uuid(&rental_id)
        ),
    )
    .await;
    assert_eq!(rests_until, paid * 60 + 1 + 5);
    world.check_laws().await.unwrap();
}
