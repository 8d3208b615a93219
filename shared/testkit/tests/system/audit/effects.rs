//! A hand at deposits, power banks and leases: laws 6, 7, 9, 10 and 16.

use super::{breaks, broken, closed, in_billing, in_rental, running};
use crate::billed::{DEMO, RICH, next_tick, stop, uuid};
use audit::When;
use serde_json::json;
use testkit::World;

#[tokio::test]
async fn a_second_hold_breaks_laws_6_and_9() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    breaks(&world, When::AnyMoment, &[6, 9], async |world| {
        let hold = json!({ "user_id": "user-123", "order_id": rental_id, "amount": 500 });
        world.stub.act("/hold-money-for-order", hold).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_release_while_the_rental_runs_breaks_law_6() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    breaks(&world, When::AnyMoment, &[6], async |world| {
        let release = json!({ "user_id": "user-123", "order_id": rental_id });
        world
            .stub
            .act("/release-money-for-order", release)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_power_bank_that_was_ejected_for_nobody_breaks_law_6() {
    let world = World::start().await;
    running(&world).await;
    let eject = json!({ "station_id": DEMO });
    world.stub.act("/eject-powerbank", eject).await.unwrap();
    assert_eq!(broken(&world, When::AnyMoment).await, [6]);
}

#[tokio::test]
async fn a_rental_whose_eject_never_was_breaks_laws_6_and_9() {
    let world = World::start().await;
    running(&world).await;
    breaks(&world, When::AnyMoment, &[6, 9], async |world| {
        in_rental(world, "UPDATE rentals SET eject_id = gen_random_uuid()").await;
    })
    .await;
}

#[tokio::test]
async fn a_quote_that_serves_two_rentals_breaks_law_7() {
    let world = World::start().await;
    running(&world).await;
    world.rent("user-a", DEMO).await;
    breaks(&world, When::AnyMoment, &[7], async |world| {
        let share = "DROP INDEX rentals_one_per_quote;
             UPDATE rentals SET quote_id = (SELECT min(quote_id::text)::uuid FROM rentals)";
        in_rental(world, share).await;
    })
    .await;
}

#[tokio::test]
async fn a_power_bank_that_is_rented_twice_breaks_law_9() {
    let world = World::start().await;
    let first = world.rent(RICH, DEMO).await.rental_id;
    world.rent("user-a", DEMO).await;
    in_rental(&world, "DROP INDEX rentals_one_open_per_powerbank").await;
    let share = format!(
        "UPDATE rentals SET powerbank_id = (
             SELECT powerbank_id FROM rentals WHERE rental_id = '{}')",
        uuid(&first)
    );
    in_rental(&world, share).await;
    // It is not what was answered, ejected and told, either.
    assert_eq!(broken(&world, When::AnyMoment).await, [8, 9, 11]);
    // With a flag it is a matter for an operator.
    let flag = "UPDATE rentals SET flagged_at = app_now(), flag_reason = 'ejected again'";
    in_rental(&world, flag).await;
    let report = world.audit(When::AnyMoment).await.unwrap();
    let open = report
        .violations
        .iter()
        .find(|found| found.what.contains("open rentals"));
    assert!(open.is_none(), "{report}");
}

#[tokio::test]
async fn a_hold_that_nobody_releases_breaks_law_10() {
    let world = World::start().await;
    let rental_id = running(&world).await;
    stop(&world, &rental_id).await;
    next_tick(&world).await;
    assert!(broken(&world, When::AnyMoment).await.is_empty());
    // No reconcile ran: the power bank's return is not told either.
    assert_eq!(broken(&world, When::AtRest).await, [10, 16]);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_release_that_is_only_written_down_breaks_law_10() {
    let world = World::start().await;
    running(&world).await;
    breaks(&world, When::AnyMoment, &[10], async |world| {
        let write = "UPDATE rentals SET hold_status = 'RELEASED', release_id = gen_random_uuid(),
                                        release_expires_at = app_now()";
        in_rental(world, write).await;
    })
    .await;
}

#[tokio::test]
async fn a_lease_an_open_attempt_and_an_unbilled_rental_break_law_16_at_rest_only() {
    let world = World::start().await;
    closed(&world).await;
    breaks(&world, When::AtRest, &[16], async |world| {
        let lease = "UPDATE rentals SET lease_token = gen_random_uuid(),
                                        lease_until = app_now() + interval '1 minute'";
        in_billing(world, lease).await;
        assert!(broken(world, When::AnyMoment).await.is_empty());
    })
    .await;
    in_billing(
        &world,
        "UPDATE rentals SET lease_token = NULL, lease_until = NULL",
    )
    .await;

    running(&world).await;
    breaks(&world, When::AtRest, &[16], async |world| {
        world.advance(66).await.unwrap();
        assert!(broken(world, When::AnyMoment).await.is_empty());
    })
    .await;
}
