//! The commands about what was left to a person, each killed at each of its steps.

use super::{die, took_effect};
use crate::billed::{PLAIN, next_tick, stop};
use crate::left::{
    eject_resolved, hold_resolved, old_debt, recorded, retry_debt, unknown_hold, unknown_start,
    write_off_debt,
};
use crate::probe::{hold_status, set_stock};
use operator::OperatorStep;
use serde_json::{Value, json};
use testkit::World;

/// Kills the command at a step: it took effect with its record or not at all, and to give it again
/// is refused where it did.
async fn die_and_repeat(world: &World, step: OperatorStep, rental_id: &str, command: &Value) {
    die(world, step, command).await;
    let done = recorded(world, rental_id).await;
    assert_eq!(done.len(), usize::from(took_effect(step)), "{step:?}");
    let again = world.operator(command.clone()).await;
    assert_eq!(again.is_err(), took_effect(step), "{step:?}: {again:?}");
    assert_eq!(recorded(world, rental_id).await.len(), 1, "{step:?}");
}

#[tokio::test]
async fn a_start_is_resolved_once_wherever_the_command_dies() {
    let world = World::start().await;
    set_stock(&world, PLAIN, 100).await;
    for (number, step) in OperatorStep::ALL.iter().enumerate() {
        for mode in ["lose", "fail"] {
            let user = format!("user-{mode}-{number}");
            let start = unknown_start(&world, &user, mode).await;
            let ejected = world.stub.ejects().await.unwrap();
            let (outcome, status) = if mode == "lose" {
                let powerbank_id = &ejected.last().unwrap()["powerbank_id"];
                (
                    json!({ "ejected": { "powerbank_id": powerbank_id } }),
                    "ACTIVE",
                )
            } else {
                (json!("not-ejected"), "FAILED")
            };
            let command = eject_resolved(&start.rental_id, outcome);
            die_and_repeat(&world, *step, &start.rental_id, &command).await;
            let books = world.books(&start.rental_id).await.unwrap();
            assert_eq!(books.status, status, "{step:?}");
            world.settle_and_check().await.unwrap();
            if mode == "lose" {
                stop(&world, &start.rental_id).await;
                world.settle_and_check().await.unwrap();
            }
            let books = world.books(&start.rental_id).await.unwrap();
            assert_eq!((books.holds, books.held), (1, 0), "{step:?}");
            let total = books.total_amount.unwrap_or_default();
            assert_eq!(books.taken, total, "{step:?}");
        }
    }
}

#[tokio::test]
async fn a_hold_is_resolved_once_wherever_the_command_dies() {
    let world = World::start().await;
    set_stock(&world, PLAIN, 100).await;
    for (number, step) in OperatorStep::ALL.iter().enumerate() {
        let rental_id = unknown_hold(&world, &format!("user-{number}")).await;
        let command = hold_resolved(&rental_id, "held");
        die_and_repeat(&world, *step, &rental_id, &command).await;
        assert_eq!(hold_status(&world, &rental_id).await, "HELD", "{step:?}");
        stop(&world, &rental_id).await;
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.holds, books.held), (1, 0), "{step:?}");
    }
}

#[tokio::test]
async fn a_debt_is_tried_again_once_wherever_the_command_dies() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let (rental_id, total) = old_debt(&world).await;
        die_and_repeat(&world, *step, &rental_id, &retry_debt(&rental_id)).await;
        next_tick(&world).await;
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.taken, books.held), (total, 0), "{step:?}");
    }
}

#[tokio::test]
async fn a_debt_is_given_up_once_wherever_the_command_dies() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let (rental_id, total) = old_debt(&world).await;
        let command = write_off_debt(&rental_id, total);
        die_and_repeat(&world, *step, &rental_id, &command).await;
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.written_off, books.taken, books.held),
            (total, 0, 0),
            "{step:?}"
        );
    }
}
