//! Law 12: what a rental costs follows from time and terms, whatever number of attempts, charges
//! and collections made it up.

use crate::facts::{Facts, Sums, succeeded, sum};
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(billing) = facts.billing else { return };
    let Some(finished_at) = billing.finished_at else {
        return;
    };
    let is_closed =
        billing.is_done() && (facts.has_to_be_closed() || billing.next_bill_at.is_none());
    let paid = succeeded(&billing.attempts);
    if !is_closed || facts.billing_is_set_aside() || paid == 0 {
        return;
    }
    law.met();
    let refunds = sum(billing.refunds.iter().map(|refund| refund.amount));
    let written_off = i128::from(billing.written_off);
    let cost = paid.saturating_add(written_off).saturating_sub(refunds);
    let due = billing.price().due_at(billing.started_at, finished_at);
    law.demand(cost == due, || {
        let attempts = billing.attempts.len();
        format!(
            "{attempts} attempts took {paid}, {written_off} is given up, {refunds} go back, and \
             {due} is due"
        )
    });
}
