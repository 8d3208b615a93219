//! Law 16: two rounds after the last fault nothing is open that the provider can answer, the
//! outboxes are empty, no lease is held, and ACTIVE rentals are billed to within two ticks. What is
//! set aside, flagged, or left to a person is apart.

use crate::facts::{Facts, Sums, open, price_of};
use crate::findings::Judge;
use chrono::{DateTime, TimeDelta, Utc};
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;
use uuid::Uuid;

/// A stop that arrived before a buyout may still be deciding for so long.
const LONGEST_REQUEST_SEC: u32 = 20;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let is_flagged = facts.rental.is_some_and(|row| row.flagged_at.is_some());
    let is_excepted = is_flagged || facts.is_set_aside() || !facts.left_to_a_person().is_empty();
    if !facts.is_at_rest() || is_excepted {
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
    law.demand(status != "PENDING", || "it is still PENDING".to_owned());
    let hold = rental.hold_status.as_str();
    law.demand(!matches!(hold, "REQUESTED" | "RELEASING"), || {
        format!("its hold is still {hold}")
    });
    for row in &rental.transitions {
        let version = row.version;
        law.demand(row.copied_at.is_some(), || {
            format!("version {version} is not told to billing")
        });
        let is_back = row.returned_at.is_some() || row.return_error.is_some();
        law.demand(is_back || row.return_station_id.is_none(), || {
            format!("the power bank's return of version {version} is not told to its station")
        });
    }
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

fn check_billing(facts: &Facts<'_>, billing: &BillingRows, law: &mut Judge<'_>) {
    for attempt in open(&billing.attempts) {
        let (id, since) = (attempt.attempt_id, attempt.created_at);
        law.demand(false, || format!("attempt {id} is open since {since}"));
    }
    law.demand(!billing.release_due, || {
        "db-rental is not told that it is settled".to_owned()
    });
    let lease = (billing.lease_token, billing.lease_until);
    law.demand(!is_held(lease, billing.now), || {
        format!("db-billing's lease is held until {:?}", lease.1)
    });
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
