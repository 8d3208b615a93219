//! A worker that slept past its lease finds out at its next write, and leaves everything to whoever
//! took over.

use crate::billed::{PLAIN, RICH, rented_for};
use crate::left::{HOURS, unknown_hold};
use crate::probe::{assert_unavailable, fault_once, rental_of};
use chrono::TimeDelta;
use db::{Database, DbError};
use db_billing::{Change, Leased};
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
    parked_at(world, "eject-powerbank", RICH).await
}

/// A start that nobody works on, because `endpoint` did not answer it.
async fn parked_at(world: &World, endpoint: &str, user: &str) -> RentalId {
    let quote_id = world.quoted(user, PLAIN).await;
    fault_once(world, endpoint, "lose").await;
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
    let rentals = Database::from(&world.databases.rental);
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
    let rentals = Database::from(&world.databases.rental);
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
async fn a_start_that_was_taken_over_asks_for_a_new_hold_only_by_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(&world.databases.rental);
    let rental_id = parked_at(&world, "hold-money-for-order", "user-new").await;
    let [lost, stands] = taken_over(&world, &rentals, rental_id).await;
    let intend = async |lease| {
        rentals
            .tx("intend", async |c| {
                db_rental::renew_hold_intent(c, lease, fresh_id()).await
            })
            .await
    };

    assert_lost(&intend(lost).await);

    intend(stands).await.unwrap();
}

#[tokio::test]
async fn a_start_that_was_taken_over_is_let_go_of_only_by_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(&world.databases.rental);
    let rental_id = parked_start(&world).await;
    let [lost, stands] = taken_over(&world, &rentals, rental_id).await;
    let park = async |lease| {
        let parked = rentals.statement("park", async |c| db_rental::park(c, lease).await);
        parked.await.unwrap();
    };
    let take_over = async || {
        let token = fresh_id();
        let lease = Lease { rental_id, token };
        rentals
            .tx("take_over", async |c| db_rental::take_over(c, lease).await)
            .await
    };

    park(lost).await;
    assert_lost(&take_over().await);

    park(stands).await;
    take_over().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_was_taken_over_is_recorded_only_by_its_new_worker() {
    let world = World::start().await;
    let rentals = Database::from(&world.databases.rental);
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
    let billing = Database::from(&world.databases.billing);
    rented_for(&world, RICH, PLAIN, 2 * HOURS).await;
    let lease = async || {
        world.advance(PAST_A_LEASE_SEC).await.unwrap();
        let token = fresh_id();
        let leased = billing.tx("lease", async |c| {
            let rental_ids = db_billing::take_due(c, TICK, TimeDelta::zero(), 10).await?;
            let [before] = db_billing::read_locked(c, &rental_ids)
                .await?
                .try_into()
                .unwrap();
            let asked_about = Change {
                after: before.account,
                next_bill_at: before.next_bill_at,
                lease: Some(token),
                settled: None,
                before,
            };
            db_billing::save(c, &[asked_about], fresh_id).await?;
            Ok(Leased { token, rental_ids })
        });
        leased.await.unwrap()
    };
    let locked = async |leased| {
        let accounts = billing
            .tx("lock", async |c| db_billing::lock_leased(c, leased).await)
            .await;
        accounts.unwrap().len()
    };
    let set_aside = async |leased: &Leased| {
        let rental_id = leased.rental_ids[0];
        billing
            .statement("set_aside", async |c| {
                db_billing::set_aside(c, rental_id, Some(leased.token), "bad").await
            })
            .await
    };
    let lost = lease().await;
    let stands = lease().await;

    assert_eq!(locked(&lost).await, 0);
    assert_lost(&set_aside(&lost).await);

    assert_eq!(locked(&stands).await, 1);
    set_aside(&stands).await.unwrap();
}
