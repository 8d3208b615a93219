//! Law 4: every amount is a positive whole number, a collection is at most its step, and the
//! running sums are the sums.

use crate::facts::{Facts, Sums, succeeded, sum};
use crate::findings::Judge;
use db_billing::audit::{AttemptRow, BillingRows};

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(billing) = facts.billing else { return };
    let is_empty =
        billing.attempts.is_empty() && billing.debt.is_none() && billing.refunds.is_empty();
    if is_empty && billing.paid == 0 && billing.refunded == 0 && billing.written_off == 0 {
        return;
    }
    law.met();
    for attempt in &billing.attempts {
        check_attempt(attempt, law);
    }
    for refund in &billing.refunds {
        let amount = refund.amount;
        law.demand(amount > 0, || format!("a refund of {amount}"));
    }
    let debt = billing.debt();
    law.demand(debt >= 0, || format!("D = {debt}"));
    let (paid, attempts) = (billing.paid, succeeded(&billing.attempts));
    law.demand(i128::from(paid) == attempts, || {
        format!("paid is {paid}, and the succeeded attempts come to {attempts}")
    });
    let refunded = billing.refunded;
    let refunds = sum(billing.refunds.iter().map(|refund| refund.amount));
    law.demand(i128::from(refunded) == refunds, || {
        format!("refunded is {refunded}, and the refunds come to {refunds}")
    });
    // An end that is moved back takes from it, so that it may be less.
    let (written_off, given_up) = (billing.written_off, given_up(billing));
    law.demand((0..=given_up).contains(&i128::from(written_off)), || {
        format!("written_off is {written_off}, and operators gave up {given_up}")
    });
}

/// How much debt operators gave up, by their recorded actions.
fn given_up(billing: &BillingRows) -> i128 {
    let actions = billing.operator_actions.iter();
    let amounts = actions
        .filter(|action| {
            action
                .command
                .get("command")
                .is_some_and(|c| c == "write-off-debt")
        })
        .filter_map(|action| action.command.get("amount")?.as_i64());
    sum(amounts)
}

fn check_attempt(attempt: &AttemptRow, law: &mut Judge<'_>) {
    let (id, amount, step) = (attempt.attempt_id, attempt.amount, attempt.step);
    law.demand(amount > 0, || format!("attempt {id} asks for {amount}"));
    let is_within = match step {
        Some(step) => attempt.kind == "COLLECTION" && amount <= step,
        None => attempt.kind == "CHARGE",
    };
    law.demand(is_within, || {
        let kind = &attempt.kind;
        format!("attempt {id}, a {kind}, asks for {amount} by a step of {step:?}")
    });
}
