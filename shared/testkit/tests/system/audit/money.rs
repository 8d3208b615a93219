//! A hand at the books: laws 1 to 6, 12 and 15.

use super::{breaks, closed, in_billing, running};
use crate::billed::{BROKE, DEMO, next_tick, rented_for};
use audit::When;
use serde_json::json;
use testkit::World;

#[tokio::test]
async fn an_attempt_whose_amount_was_changed_breaks_laws_1_4_6_and_12() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[1, 4, 6, 12], async |world| {
        in_billing(world, "UPDATE payment_attempts SET amount = amount + 1").await;
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_is_written_down_as_declined_though_it_took_breaks_laws_1_4_and_12() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[1, 4, 12], async |world| {
        let decline = "UPDATE payment_attempts SET status = 'DECLINED'
             WHERE attempt_id = (SELECT attempt_id FROM payment_attempts
                                 ORDER BY created_at DESC LIMIT 1)";
        in_billing(world, decline).await;
    })
    .await;
}

#[tokio::test]
async fn a_clear_under_a_key_that_is_in_no_book_breaks_laws_1_and_6() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    breaks(&world, When::AnyMoment, &[1, 6], async |world| {
        let clear = json!({ "user_id": "user-123", "order_id": rental_id, "amount": 7 });
        world
            .stub
            .act("/clear-money-for-order", clear)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn money_taken_for_an_order_that_is_no_rental_breaks_law_1_and_law_6() {
    let world = World::start().await;
    running(&world).await;
    breaks(&world, When::AnyMoment, &[1, 6], async |world| {
        let clear = json!({ "user_id": "user-a", "order_id": "order-1", "amount": 7 });
        world
            .stub
            .act("/clear-money-for-order", clear)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_billed_before_it_is_due_breaks_law_2() {
    let world = World::start().await;
    running(&world).await;
    breaks(&world, When::AnyMoment, &[2], async |world| {
        // As if a tick had run with a clock that was a minute ahead.
        world.databases.set_clocks(0, -60).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn running_sums_that_were_changed_break_laws_2_and_4() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[2, 4], async |world| {
        in_billing(world, "UPDATE rentals SET paid = paid - 1").await;
    })
    .await;
}

#[tokio::test]
async fn more_than_the_buyout_breaks_law_3() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    breaks(&world, When::AnyMoment, &[1, 3, 6], async |world| {
        let clear = json!({ "user_id": "user-123", "order_id": rental_id, "amount": 5_000 });
        world
            .stub
            .act("/clear-money-for-order", clear)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_second_attempt_beside_an_open_one_breaks_law_5() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    let hang = json!({ "endpoint": "clear-money-for-order", "mode": "fail" });
    world.stub.fault(hang).await.unwrap();
    world.advance(60).await.unwrap();
    next_tick(&world).await;
    assert!(world.books(&rental_id).await.unwrap().open > 0);
    world.advance(600).await.unwrap();
    breaks(&world, When::AnyMoment, &[5], async |world| {
        let second = "DROP INDEX payment_attempts_one_open;
             INSERT INTO payment_attempts (attempt_id, rental_id, kind, amount, created_at)
             SELECT gen_random_uuid(), rental_id, 'CHARGE', 1, app_now() FROM rentals";
        in_billing(world, second).await;
    })
    .await;
}

#[tokio::test]
async fn a_debt_that_is_to_be_tried_before_its_rest_is_over_breaks_law_15() {
    let world = World::start().await;
    rented_for(&world, BROKE, DEMO, 100).await;
    next_tick(&world).await;
    breaks(&world, When::AnyMoment, &[15], async |world| {
        let sooner = "UPDATE debts SET next_try_at = next_try_at - interval '1 second'";
        in_billing(world, sooner).await;
    })
    .await;
}
