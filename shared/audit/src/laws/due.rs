//! Law 2: what is billed is what is due, by the time and the terms alone.

use crate::due::Price;
use crate::facts::{Facts, Sums, is_ended, price_of};
use crate::findings::Judge;
use chrono::{DateTime, TimeDelta, Utc};
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    if let Some(rental) = facts.rental {
        check_end(rental, law);
    }
    let Some(billing) = facts.billing else { return };
    if billing.status == "ACTIVE" {
        check_active(facts, billing, law);
    } else if is_closed(facts, billing) {
        check_closed(billing, law);
    }
}

/// The total is what is due at the end, and the end is the buyout exactly if that came.
fn check_end(rental: &RentalRows, law: &mut Judge<'_>) {
    let (Some(started_at), Some(finished_at)) = (rental.started_at, rental.finished_at) else {
        return;
    };
    law.met();
    let price = price_of(rental);
    let due = price.due_at(started_at, finished_at);
    let total = rental.total_amount;
    law.demand(total.map(i128::from) == Some(due), || {
        format!("total_amount is {total:?}, and {due} is due at finished_at {finished_at}")
    });
    let bought_out_at = bought_out_at(price, started_at);
    let kept = rental.buyout_at.map(|moment| moment.timestamp());
    law.demand(kept == bought_out_at, || {
        let kept = rental.buyout_at;
        format!("buyout_at is {kept:?}, and by the terms it comes at {bought_out_at:?} s")
    });
    let finished = finished_at.timestamp();
    let is_right = match bought_out_at {
        Some(moment) if rental.status == "BUYOUT" => finished == moment,
        Some(moment) => finished < moment,
        None => rental.status != "BUYOUT",
    };
    law.demand(is_right, || {
        let status = &rental.status;
        format!("it is {status} at {finished} s, and its buyout comes at {bought_out_at:?} s")
    });
}

/// The Unix second of the buyout; none where it never comes, or not within chrono's time.
fn bought_out_at(price: Price, started_at: DateTime<Utc>) -> Option<i64> {
    let second = i64::try_from(price.first_second_of_buyout()?).ok()?;
    let moment = started_at.checked_add_signed(TimeDelta::try_seconds(second)?)?;
    Some(moment.timestamp())
}

/// While it runs, billing stays the grace behind its own clock.
fn check_active(facts: &Facts<'_>, billing: &BillingRows, law: &mut Judge<'_>) {
    let billed = billing.billed();
    if billed == 0 {
        return;
    }
    law.met();
    let grace_sec = facts.rules.grace_sec;
    let grace = TimeDelta::seconds(grace_sec.into());
    let until = billing.now.checked_sub_signed(grace);
    let due = until.map_or(0, |until| billing.price().due_at(billing.started_at, until));
    law.demand(billed <= due, || {
        let now = billing.now;
        format!("ACTIVE, B = {billed}, and {due} is due {grace_sec} s before {now}")
    });
}

/// Whether billing has done all that it does about an end, but for collecting what is owed: at
/// rest that is demanded, before it billing says so itself.
fn is_closed(facts: &Facts<'_>, billing: &BillingRows) -> bool {
    let is_finished_with = match billing.next_bill_at {
        None => true,
        Some(next) => billing.debt.as_ref().is_some_and(|debt| {
            debt.settled_at.is_none() && debt.next_try_at == next && next > billing.now
        }),
    };
    is_ended(&billing.status)
        && billing.open() == 0
        && !facts.billing_is_set_aside()
        && (facts.has_to_be_closed() || is_finished_with)
}

fn check_closed(billing: &BillingRows, law: &mut Judge<'_>) {
    let Some(finished_at) = billing.finished_at else {
        return;
    };
    law.met();
    let due = billing.price().due_at(billing.started_at, finished_at);
    let (paid, refunded) = (i128::from(billing.paid), i128::from(billing.refunded));
    let (debt, written_off) = (billing.debt(), i128::from(billing.written_off));
    let missing = debt.saturating_add(written_off);
    let billed = paid.saturating_add(missing).saturating_sub(refunded);
    law.demand(billed == due, || {
        format!(
            "P = {paid}, D = {debt}, W = {written_off}, R = {refunded}: {billed} is billed, and \
             {due} is due"
        )
    });
    law.demand(missing == 0 || refunded == 0, || {
        format!(
            "D = {debt} is owed by the user, W = {written_off} was given up, and R = {refunded} is \
             owed to the user"
        )
    });
}
