//! A hand at answers, states, copies and outboxes: laws 8, 11, 13 and 14.

use super::{breaks, closed, in_billing, in_rental, running};
use crate::billed::{BROKE, DEMO, next_tick, rented_for, uuid};
use audit::When;
use testkit::World;

#[tokio::test]
async fn an_answer_that_was_changed_breaks_law_8() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[8], async |world| {
        let change =
            "UPDATE idempotency_keys SET response = replace(response, 'FINISHED', 'BUYOUT')";
        in_rental(world, change).await;
    })
    .await;
}

#[tokio::test]
async fn a_total_that_was_changed_breaks_laws_2_and_11() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[2, 11], async |world| {
        in_rental(world, "UPDATE rentals SET total_amount = total_amount - 1").await;
    })
    .await;
}

#[tokio::test]
async fn a_transition_that_is_not_in_the_outbox_breaks_law_14() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[14], async |world| {
        in_rental(world, "DELETE FROM outbox WHERE version = 1").await;
    })
    .await;
}

#[tokio::test]
async fn a_debt_that_is_not_in_the_outbox_breaks_law_14() {
    let world = World::start().await;
    rented_for(&world, BROKE, DEMO, 100).await;
    next_tick(&world).await;
    breaks(&world, When::AnyMoment, &[14], async |world| {
        in_billing(world, "DELETE FROM outbox").await;
    })
    .await;
}

#[tokio::test]
async fn a_rental_that_only_billing_knows_breaks_laws_6_and_13() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    world.rent("user-a", DEMO).await;
    breaks(&world, When::AnyMoment, &[6, 13], async |world| {
        for table in ["outbox", "idempotency_keys", "rentals"] {
            let id = uuid(&rental_id);
            in_rental(
                world,
                format!("DELETE FROM {table} WHERE rental_id = '{id}'"),
            )
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_copy_that_was_changed_breaks_law_13() {
    let world = World::start().await;
    running(&world).await;
    breaks(&world, When::AnyMoment, &[13], async |world| {
        in_billing(world, "UPDATE rentals SET user_id = 'user-b'").await;
    })
    .await;
}

#[tokio::test]
async fn a_transition_that_is_only_marked_as_told_breaks_law_13() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    world.billing_proxy.cut();
    crate::billed::stop(&world, &rental_id).await;
    breaks(&world, When::AnyMoment, &[13], async |world| {
        in_rental(world, "UPDATE outbox SET copied_at = app_now()").await;
    })
    .await;
}
