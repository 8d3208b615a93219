//! Law 14: one outbox row per transition, and one per debt opened, debt settled and refund owed,
//! each of the moment at which that happened.

use crate::facts::Facts;
use crate::findings::Judge;
use db_billing::audit::{BillingRows, EventRow};
use db_rental::audit::RentalRows;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    if let Some(rental) = facts.rental {
        check_transitions(rental, law);
    }
    if let Some(billing) = facts.billing {
        check_debt(billing, law);
        check_refunds(billing, law);
    }
}

fn check_transitions(rental: &RentalRows, law: &mut Judge<'_>) {
    let told: Vec<i64> = rental.transitions.iter().map(|row| row.version).collect();
    if told.is_empty() && rental.version == 0 {
        return;
    }
    law.met();
    law.demand(told.iter().copied().eq(1..=rental.version), || {
        let version = rental.version;
        format!("it is at version {version}, and the outbox has {told:?}")
    });
}

/// Opened and settled take turns, and the last of them is what the debt's row says.
fn check_debt(billing: &BillingRows, law: &mut Judge<'_>) {
    let is_of_debt = |event: &&EventRow| event.kind != "REFUND_OWED";
    let told: Vec<&EventRow> = billing.events.iter().filter(is_of_debt).collect();
    if told.is_empty() && billing.debt.is_none() {
        return;
    }
    law.met();
    let mut expected = ["DEBT_OPENED", "DEBT_SETTLED"].into_iter().cycle();
    let take_turns = told
        .iter()
        .all(|event| Some(event.kind.as_str()) == expected.next());
    let kinds = || -> Vec<&str> { told.iter().map(|event| event.kind.as_str()).collect() };
    law.demand(take_turns, || {
        format!("its debt's events are {:?}", kinds())
    });
    for event in &told {
        let (kind, amount) = (&event.kind, event.amount);
        law.demand((amount > 0) == (kind == "DEBT_OPENED"), || {
            format!("{kind} tells of {amount}")
        });
    }
    let newest = |kind| told.iter().rev().find(|event| event.kind == kind);
    let opened_at = newest("DEBT_OPENED").map(|event| event.created_at);
    let is_settled = told
        .last()
        .is_some_and(|event| event.kind == "DEBT_SETTLED");
    let settled_at = newest("DEBT_SETTLED")
        .filter(|_| is_settled)
        .map(|event| event.created_at);
    let of_row = billing
        .debt
        .as_ref()
        .map(|debt| (Some(debt.opened_at), debt.settled_at));
    law.demand(of_row == Some((opened_at, settled_at)), || {
        format!(
            "its debt is told as opened {opened_at:?} and settled {settled_at:?}, and stands as \
             {of_row:?}"
        )
    });
}

fn check_refunds(billing: &BillingRows, law: &mut Judge<'_>) {
    let told = billing
        .events
        .iter()
        .filter(|row| row.kind == "REFUND_OWED");
    let mut told: Vec<_> = told.map(|row| (row.created_at, row.amount)).collect();
    let owed = billing.refunds.iter();
    let mut owed: Vec<_> = owed.map(|row| (row.owed_at, row.amount)).collect();
    if told.is_empty() && owed.is_empty() {
        return;
    }
    law.met();
    told.sort_unstable();
    owed.sort_unstable();
    law.demand(told == owed, || {
        format!("the refunds owed are {owed:?}, and told were {told:?}")
    });
}
