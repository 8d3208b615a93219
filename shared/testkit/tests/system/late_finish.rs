//! An end that billing learns of late: what was billed too much is given back, nothing is kept.

use crate::billed::{
    BROKE, CLEAR, DEMO, RICH, current_debt, events, finish, fresh_tick, int, next_slot, next_tick,
    rented_for, stop,
};
use serde_json::{Value, json};
use testkit::World;

/// Stops a rental so that billing is not told, and goes on billing it. Returns its total, and how
/// much more than that is billed.
async fn overbilled(world: &World, rental_id: &str) -> (i64, i64) {
    world.billing_proxy.cut();
    let total = stop(world, rental_id).await;
    world.billing_proxy.open();
    world.advance(100).await.unwrap();
    next_tick(world).await;
    let books = world.books(rental_id).await.unwrap();
    let billed = books.paid.checked_add(books.debt).unwrap();
    let excess = billed.checked_sub(total).unwrap();
    assert!(excess > 60, "{books:?}");
    (total, excess)
}

/// Billing learns of the end.
async fn told(world: &World) -> Value {
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 1);
    next_tick(world).await
}

async fn pay_refund(world: &World, refund: &Value) -> anyhow::Result<Value> {
    world
        .operator(
            json!({ "command": "mark-refund-paid", "refund_id": refund["refund_id"],
                          "operator": "anna" }),
        )
        .await
}

#[tokio::test]
async fn what_was_paid_above_the_total_is_a_refund_owed_until_an_operator_marks_it_paid_once() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 200).await;
    let (total, excess) = overbilled(&world, &rental_id).await;
    let tick = told(&world).await;
    assert_eq!(
        (int(&tick, "refunds_found"), int(&tick, "charges")),
        (1, 0),
        "{tick}"
    );
    assert_eq!(
        events(&world, &rental_id).await,
        [("REFUND_OWED".to_owned(), excess)]
    );

    let shown = world.show(&rental_id).await.unwrap();
    let refund = &shown["refunds"][0];
    assert_eq!(
        (int(refund, "amount"), &refund["paid_at"]),
        (excess, &Value::Null)
    );
    let shown = pay_refund(&world, refund).await.unwrap();
    assert!(shown["refunds"][0]["paid_at"].is_string());
    let action = &shown["operator_actions"][0];
    assert_eq!(action["command"]["command"], json!("mark-refund-paid"));
    let again = pay_refund(&world, refund).await.unwrap_err();
    assert!(format!("{again:#}").contains("No refund"), "{again:#}");
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(shown["operator_actions"].as_array().unwrap().len(), 1);

    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.refunded, books.taken),
        (total + excess, excess, total + excess)
    );
    assert_eq!(
        books.held, 0,
        "nothing is owed or unknown: the hold is released"
    );
    assert_eq!(events(&world, &rental_id).await.len(), 1, "told once");
}

#[tokio::test]
async fn an_excess_that_was_not_paid_only_lowers_the_debt() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, DEMO, 200).await;
    let (total, _) = overbilled(&world, &rental_id).await;
    let tick = told(&world).await;
    assert_eq!(int(&tick, "refunds_found"), 0, "{tick}");
    assert_eq!(current_debt(&world, &rental_id).await, Some(total));
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.refunded, books.taken), (total, 0, 0));

    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    for _ in 0..3 {
        world.advance(61).await.unwrap();
        next_tick(&world).await;
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
    let kinds: Vec<_> = events(&world, &rental_id)
        .await
        .into_iter()
        .map(|event| event.0)
        .collect();
    assert_eq!(kinds, ["DEBT_OPENED", "DEBT_SETTLED"]);
}

/// 200 are paid, some 180 owed, and less than 200 are due.
#[tokio::test]
async fn an_excess_above_the_debt_settles_it_and_the_rest_is_owed_back() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 200).await;
    next_tick(&world).await;
    let paid = world.books(&rental_id).await.unwrap().taken;
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400, "times": 1 });
    world.stub.fault(declined).await.unwrap();
    world.advance(150).await.unwrap();
    next_tick(&world).await;
    let debt = world.books(&rental_id).await.unwrap().debt;
    assert!(debt > 100);

    let shown = world.show(&rental_id).await.unwrap();
    let started_at = shown["rental"]["started_at"].clone();
    finish(&world, &rental_id, &started_at).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "debts_settled"), int(&tick, "refunds_found")),
        (1, 1),
        "{tick}"
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.debt, books.refunded),
        (Some(0), 0, paid)
    );
    assert_eq!((books.taken, books.held), (paid, 0));
    let told = [
        ("DEBT_OPENED", debt),
        ("DEBT_SETTLED", 0),
        ("REFUND_OWED", paid),
    ];
    assert_eq!(
        events(&world, &rental_id).await,
        told.map(|(kind, amount)| (kind.to_owned(), amount))
    );
}

#[tokio::test]
async fn while_an_attempt_is_unknown_no_refund_is_found() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 200).await;
    let lost = json!({ "endpoint": CLEAR, "mode": "lose" });
    world.stub.fault(lost).await.unwrap();
    world.billing_proxy.cut();
    let total = stop(&world, &rental_id).await;
    world.billing_proxy.open();
    world.advance(100).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "unknown"), 1);
    let taken = world.books(&rental_id).await.unwrap().taken;
    assert!(taken > total);
    let tick = told(&world).await;
    assert_eq!(
        (int(&tick, "unknown"), int(&tick, "refunds_found")),
        (1, 0),
        "{tick}"
    );
    assert!(events(&world, &rental_id).await.is_empty());

    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.refunded, books.taken),
        (taken, taken - total, taken)
    );
    assert_eq!(
        events(&world, &rental_id).await,
        [("REFUND_OWED".to_owned(), taken - total)]
    );
    assert_eq!(books.held, 0);
}

#[tokio::test]
async fn a_late_end_that_was_not_overbilled_changes_nothing() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 200).await;
    next_slot(&world).await;
    fresh_tick(&world, &[]).await;
    world.advance(60).await.unwrap();
    world.billing_proxy.cut();
    let total = stop(&world, &rental_id).await;
    world.billing_proxy.open();
    let tick = told(&world).await;
    assert_eq!(
        (int(&tick, "charges"), int(&tick, "refunds_found")),
        (1, 0),
        "{tick}"
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.refunded, books.taken, books.held),
        (total, 0, total, 0)
    );
    assert!(events(&world, &rental_id).await.is_empty());
}
