//! A worker that slept past its lease finds out at its next write, and leaves everything to whoever
//! took over.

use crate::billed::{PLAIN, RICH, rented_for};
use crate::left::{HOURS, unknown_hold};
use crate::probe::{assert_unavailable, fault_once, rental_of};
use chrono::TimeDelta;
use db::{Database, DbError};
use db_rental::Lease;
use domain::{HoldStatus, RentalId};
use runtime::fresh_id;
use std::fmt::Debug;
use testkit::{World, fresh_key};

/// Longer than any lease.
const PAST_A_LEASE_SEC: i64 = 26;
const TICK: TimeDelta = TimeDelta::seconds(30);

fn assert_lost<T: Debug>(written: &Result<T, DbError>) {
    assert!(matches!(written, Err(DbError::Lost(_))), "{written:?}");
}

/// A start that nobody works on, at its eject.
async fn parked_start(world: &World) -> RentalId {
    let quote_id = world.quoted(RICH, PLAIN).await;
    fault_once(world, "eject-powerbank", "lose").await;
    assert_unavailable(&world.start_rental(&quote_id, &fresh_key()).await.unwrap());
    let rental = rental_of(world, &quote_id).await;
    assert_eq!(rental.status, "PENDING");
    rental.rental_id.parse().unwrap()
}

/// The lease of a reconcile that then slept until the client's retry took over, and that of the
/// retry.
async fn taken_over(world: &World, rentals: &Database, rental_id: RentalId) -> [Lease; 2] {
    world.advance(PAST_A_LEASE_SEC).await.unwrap();
    let leased = rentals
        .tx("claim", async |c| {
            db_rental::claim_pending(c, fresh_id(), 1).await
        })
        .await
        .unwrap();
    let [lost] = leased.try_into().unwrap();
    world.advance(PAST_A_LEASE_SEC).await.unwrap();
    let token = fresh_id();
    let stands = Lease { rental_id, token };
    rentals
        .tx("take_over", async |c| db_rental::take_over(c, stands).await)
        .await
        .unwrap();
    [lost, stands]
}

#[tokio::test]
async fn a_start_that_was_taken_over_is_only_ended_by_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(world.databases.rental.clone());
    let rental_id = parked_start(&world).await;
    let [lost, stands] = taken_over(&world, &rentals, rental_id).await;
    let powerbank_id = "pb-1".parse().unwrap();

    assert_lost(&start::record_eject(&rentals, lost, &powerbank_id).await);
    assert_lost(&start::roll_back(&rentals, lost, HoldStatus::Held, None).await);

    let decided = start::record_eject(&rentals, stands, &powerbank_id).await;
    assert_eq!(decided.unwrap().rental.rental_id, rental_id);
}

#[tokio::test]
async fn a_start_that_was_taken_over_gets_intents_only_from_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(world.databases.rental.clone());
    let rental_id = parked_start(&world).await;
    let [lost, stands] = taken_over(&world, &rentals, rental_id).await;
    let intend = async |lease| {
        rentals
            .tx("intend", async |c| {
                db_rental::commit_eject_intent(c, lease, HoldStatus::Held, false, fresh_id()).await
            })
            .await
    };
    let intend_again = async |lease| {
        rentals
            .tx("intend_again", async |c| {
                db_rental::renew_eject_intent(c, lease, fresh_id()).await
            })
            .await
    };

    assert_lost(&intend(lost).await);
    assert_lost(&intend_again(lost).await);

    intend(stands).await.unwrap();
    intend_again(stands).await.unwrap();
}

#[tokio::test]
async fn a_hold_that_was_taken_over_is_recorded_only_by_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(world.databases.rental.clone());
    let rental_id: RentalId = unknown_hold(&world, RICH).await.parse().unwrap();
    let take = async || {
        world.advance(PAST_A_LEASE_SEC).await.unwrap();
        let token = fresh_id();
        let lease = Lease { rental_id, token };
        rentals
            .tx("take", async |c| db_rental::take_hold(c, lease).await)
            .await
            .unwrap();
        lease
    };
    let record = async |lease| {
        rentals
            .tx("record", async |c| {
                db_rental::record_late_hold(c, lease, HoldStatus::None).await
            })
            .await
    };
    let lost = take().await;
    let stands = take().await;

    assert_lost(&record(lost).await);

    record(stands).await.unwrap();
}

#[tokio::test]
async fn a_bill_that_was_taken_over_is_written_only_by_its_new_tick() {
    let world = World::start().await;
    let billing = Database::from(world.databases.billing.clone());
    rented_for(&world, RICH, PLAIN, 2 * HOURS).await;
    let claim = async || {
        world.advance(PAST_A_LEASE_SEC).await.unwrap();
        let claimed = billing
            .tx("claim", async |c| {
                db_billing::claim(c, TICK, TimeDelta::zero(), fresh_id(), 10).await
            })
            .await
            .unwrap();
        assert_eq!(claimed.rental_ids.len(), 1);
        claimed
    };
    let locked = async |claimed| {
        let accounts = billing
            .tx("lock", async |c| {
                db_billing::lock_accounts(c, claimed).await
            })
            .await;
        accounts.unwrap().len()
    };
    let set_aside = async |claimed: &db_billing::Claimed| {
        let rental_id = claimed.rental_ids[0];
        billing
            .statement("set_aside", async |c| {
                db_billing::set_aside(c, rental_id, claimed.token, "bad").await
            })
            .await
    };
    let lost = claim().await;
    let stands = claim().await;

    assert_eq!(locked(&lost).await, 0);
    assert_lost(&set_aside(&lost).await);

    assert_eq!(locked(&stands).await, 1);
    set_aside(&stands).await.unwrap();
}
