//! Law 16: two rounds after the last fault nothing is open that the provider can answer, the
//! outboxes are empty, no lease is held, ACTIVE rentals are billed to within two ticks, and a tick
//! will come to each debt that is not too old.
//!
//! Of what waits for a person only that very thing is apart: an outbox row or a return that is set
//! aside; a start that its station is not asked about any more, with its hold; an unknown hold; an
//! attempt that is not asked about any more, and what cannot be charged beside it; the charging of
//! a rental that billing set aside. A flag excepts nothing: such a rental is billed on.

use crate::facts::{Facts, Sums, is_over, open, price_of};
use crate::findings::Judge;
use chrono::{DateTime, TimeDelta, Utc};
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;
use uuid::Uuid;

/// A stop that arrived before a buyout may still be deciding for so long.
const LONGEST_REQUEST_SEC: u32 = 20;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    if !facts.is_at_rest() {
        return;
    }
    law.met();
    if let Some(rental) = facts.rental {
        check_rental(facts, rental, law);
    }
    if let Some(billing) = facts.billing {
        check_billing(facts, billing, law);
    }
}

fn check_rental(facts: &Facts<'_>, rental: &RentalRows, law: &mut Judge<'_>) {
    let status = rental.status.as_str();
    let start_is_left = facts.start_is_left_to_a_person();
    law.demand(status != "PENDING" || start_is_left, || {
        "it is still PENDING".to_owned()
    });
    let hold = rental.hold_status.as_str();
    let is_open = match hold {
        "REQUESTED" => !start_is_left && !facts.hold_is_left_to_a_person(),
        hold => hold == "RELEASING",
    };
    law.demand(!is_open, || format!("its hold is still {hold}"));
    check_deliveries(rental, law);
    let lease = (rental.lease_token, rental.lease_until);
    law.demand(!is_held(lease, rental.now), || {
        format!("db-rental's lease is held until {:?}", lease.1)
    });
    if let (Some(started_at), "ACTIVE") = (rental.started_at, status) {
        let behind = u64::from(facts.rules.tick_sec).saturating_mul(2);
        let behind = behind.saturating_add(LONGEST_REQUEST_SEC.into());
        let until = earlier(rental.now, behind);
        let due = price_of(rental).due_at(started_at, until);
        law.demand(due < i128::from(rental.buyout), || {
            format!("it is still ACTIVE, and was bought out before {until}")
        });
    }
}

fn check_deliveries(rental: &RentalRows, law: &mut Judge<'_>) {
    for row in &rental.transitions {
        let version = row.version;
        law.demand(row.copied_at.is_some() || row.copy_error.is_some(), || {
            format!("version {version} is not told to billing")
        });
        let is_back = row.returned_at.is_some() || row.return_error.is_some();
        law.demand(is_back || row.return_station_id.is_none(), || {
            format!("the power bank's return of version {version} is not told to its station")
        });
    }
}

fn check_billing(facts: &Facts<'_>, billing: &BillingRows, law: &mut Judge<'_>) {
    let is_told = !billing.release_due || facts.was_bought_out_meanwhile();
    law.demand(is_told, || {
        "db-rental is not told that it is settled".to_owned()
    });
    let lease = (billing.lease_token, billing.lease_until);
    law.demand(!is_held(lease, billing.now), || {
        format!("db-billing's lease is held until {:?}", lease.1)
    });
    if !facts.billing_is_set_aside() {
        check_attempts(billing, law);
        if facts.attempts_left_to_a_person().next().is_none() {
            check_billed(facts, billing, law);
            check_debt(facts, billing, law);
        }
    }
}

/// Nothing is open that the provider can still answer.
fn check_attempts(billing: &BillingRows, law: &mut Judge<'_>) {
    for attempt in open(&billing.attempts) {
        let (id, since) = (attempt.attempt_id, attempt.created_at);
        law.demand(is_over(since, billing.now), || {
            format!("attempt {id} is open since {since}")
        });
    }
}

/// An ACTIVE rental is billed to within two ticks.
fn check_billed(facts: &Facts<'_>, billing: &BillingRows, law: &mut Judge<'_>) {
    if billing.status == "ACTIVE" {
        let behind = u64::from(facts.rules.tick_sec).saturating_mul(2);
        let behind = behind.saturating_add(facts.rules.grace_sec.into());
        let until = earlier(billing.now, behind);
        let due = billing.price().due_at(billing.started_at, until);
        let billed = billing.billed();
        law.demand(due <= billed, || {
            format!("ACTIVE, B = {billed}, and {due} was due already at {until}")
        });
    }
}

/// A debt within its age is tried again, or some tick has to come to it first.
fn check_debt(facts: &Facts<'_>, billing: &BillingRows, law: &mut Judge<'_>) {
    let owed = billing.debt.as_ref();
    let Some(debt) = owed.filter(|debt| debt.settled_at.is_none()) else {
        return;
    };
    let max_age = TimeDelta::days(facts.rules.debt_max_age_days.into());
    let since = debt.retried_at.unwrap_or(debt.opened_at);
    let is_too_old = since
        .checked_add_signed(max_age)
        .is_some_and(|until| until <= billing.now);
    law.demand(is_too_old || billing.next_bill_at.is_some(), || {
        let owed = billing.debt();
        format!("D = {owed} is owed since {since}, and no tick will ever come to it")
    });
}

fn is_held(lease: (Option<Uuid>, Option<DateTime<Utc>>), now: DateTime<Utc>) -> bool {
    let (token, until) = lease;
    token.is_some() && until.is_some_and(|until| until > now)
}

fn earlier(moment: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    i64::try_from(seconds)
        .ok()
        .and_then(TimeDelta::try_seconds)
        .and_then(|delay| moment.checked_sub_signed(delay))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}
