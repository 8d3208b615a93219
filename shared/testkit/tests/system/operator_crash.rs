//! An operator's command dies at each of its steps: it took effect with its record, or not at all,
//! and giving it again does no harm.

mod left;

use crate::billed::{
    CLEAR, DEMO, PLAIN, RICH, attempts, int, next_slot, next_tick, rented_for, sql, stop, uuid,
};
use operator::OperatorStep;
use runtime::step::Step;
use serde_json::{Value, json};
use testkit::World;

/// Whether a command that died there has taken effect.
const fn took_effect(step: OperatorStep) -> bool {
    match step {
        OperatorStep::Received => false,
        OperatorStep::Committed | OperatorStep::Done => true,
    }
}

async fn die(world: &World, step: OperatorStep, command: &Value) {
    world
        .abort_at(step.name(), "operator", command.clone())
        .await
        .unwrap();
}

async fn recorded(world: &World, rental_id: &str) -> usize {
    world.show(rental_id).await.unwrap()["operator_actions"]
        .as_array()
        .unwrap()
        .len()
}

/// The command that ends a rental at its start.
async fn finish_at_start(world: &World, rental_id: &str) -> Value {
    let shown = world.show(rental_id).await.unwrap();
    json!({ "command": "finish", "rental_id": rental_id, "reason": "it never left",
            "finished_at": shown["rental"]["started_at"], "operator": "anna" })
}

#[tokio::test]
async fn a_finish_that_dies_at_any_step_is_done_with_its_record_or_not_at_all() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let rental_id = rented_for(&world, RICH, DEMO, 300).await;
        next_tick(&world).await;
        let paid = world.books(&rental_id).await.unwrap().taken;
        let finish = finish_at_start(&world, &rental_id).await;
        die(&world, *step, &finish).await;
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            books.total_amount,
            took_effect(*step).then_some(0),
            "{step:?}"
        );
        assert_eq!(
            recorded(&world, &rental_id).await,
            usize::from(took_effect(*step))
        );

        world.operator(finish).await.unwrap();
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.total_amount, books.refunded, books.taken),
            (Some(0), paid, paid)
        );
        assert_eq!(books.held, 0);
    }
}

#[tokio::test]
async fn a_refund_is_marked_paid_once_wherever_the_command_dies() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let rental_id = rented_for(&world, RICH, DEMO, 300).await;
        next_tick(&world).await;
        let finish = finish_at_start(&world, &rental_id).await;
        world.operator(finish).await.unwrap();
        next_tick(&world).await;
        let refund = world.show(&rental_id).await.unwrap()["refunds"][0].clone();
        let pay = json!({ "command": "mark-refund-paid", "refund_id": refund["refund_id"], "operator": "anna" });
        die(&world, *step, &pay).await;
        let shown = world.show(&rental_id).await.unwrap();
        assert_eq!(
            shown["refunds"][0]["paid_at"].is_string(),
            took_effect(*step),
            "{step:?}"
        );
        assert_eq!(
            world.operator(pay).await.is_err(),
            took_effect(*step),
            "{step:?}"
        );
        assert_eq!(
            recorded(&world, &rental_id).await,
            2,
            "the finish, and one payment"
        );
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.refunded, books.held), (books.taken, 0));
    }
}

#[tokio::test]
async fn an_attempt_is_resolved_once_wherever_the_command_dies() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
        let total = stop(&world, &rental_id).await;
        world
            .stub
            .fault(json!({ "endpoint": CLEAR, "mode": "lose" }))
            .await
            .unwrap();
        next_tick(&world).await;
        world.advance(23 * 3_600).await.unwrap();
        next_tick(&world).await;
        let attempt_id = attempts(&world, &rental_id).await[0].id.clone();
        let resolve = json!({ "command": "resolve-attempt", "rental_id": rental_id,
                              "attempt_id": attempt_id, "outcome": "succeeded", "operator": "anna" });
        die(&world, *step, &resolve).await;
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.open, books.taken),
            (if took_effect(*step) { 0 } else { total }, total)
        );
        assert_eq!(
            world.operator(resolve).await.is_err(),
            took_effect(*step),
            "{step:?}"
        );
        assert_eq!(recorded(&world, &rental_id).await, 1);
        world.stub.heal().await.unwrap();
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
    }
}

/// Something is set aside in both databases, and the command dies between them or beside them.
#[tokio::test]
async fn a_requeue_that_dies_at_any_step_is_finished_by_giving_it_again() {
    let world = World::start().await;
    for step in OperatorStep::ALL {
        let returns = world.stub.calls("return-powerbank").await.unwrap().len();
        let rental_id = rented_for(&world, RICH, DEMO, 100).await;
        let id = uuid(&rental_id);
        let total = stop(&world, &rental_id).await;
        let refuse = format!(
            "UPDATE outbox SET return_error = 'no' WHERE rental_id = '{id}' AND version = 2"
        );
        sql(&world.databases.rental, refuse).await;
        let name = async |user: &str| {
            let name = format!("UPDATE rentals SET user_id = '{user}' WHERE rental_id = '{id}'");
            sql(&world.databases.billing, name).await;
        };
        name(" ").await;
        next_slot(&world).await;
        assert_eq!(int(&world.tick().await.unwrap(), "set_aside"), 1);
        name(RICH).await;

        let requeue = json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" });
        die(&world, *step, &requeue).await;
        let shown = world.show(&rental_id).await.unwrap();
        assert_eq!(
            shown["transitions"][1]["return_error"].is_null(),
            took_effect(*step)
        );
        let is_whole = shown["billing"]["set_aside_at"].is_null();
        assert_eq!(is_whole, *step == OperatorStep::Done, "{step:?}");
        assert_eq!(world.operator(requeue).await.is_err(), is_whole, "{step:?}");
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.taken, books.held), (total, 0));
        let calls = world.stub.calls("return-powerbank").await.unwrap();
        assert_eq!(calls.len(), returns + 1, "{step:?}");
    }
}
