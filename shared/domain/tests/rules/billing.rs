//! What a tick does with the books of a rental, and what an outcome changes in them.

mod attempts;
mod charges;
mod closed;
mod given_up;
mod late_end;
mod limits;
mod model;
mod next_bill;

use crate::{amount, at, id, is_new_attempt, tick_at, unbilled};
use domain::{Account, Amount, AttemptKind, Moment, Outcome};

const HOUR: i64 = 3600;

/// All 60 units of the first hour are paid, and the rental ended with it.
fn settled() -> Account {
    Account {
        finished_at: Some(at(HOUR)),
        paid: amount(60),
        ..unbilled()
    }
}

/// All 60 units of the first hour are being charged, with the grace that billing keeps.
fn charging_60() -> Account {
    plan(unbilled(), HOUR + 5)
}

fn plan(account: Account, second: i64) -> Account {
    account.plan(&tick_at(at(second)), id(1)).unwrap()
}

fn settle(account: Account, outcome: Outcome, second: i64) -> Account {
    account.settle(outcome, at(second)).unwrap()
}

fn ended(account: Account, second: i64) -> Account {
    Account {
        finished_at: Some(at(second)),
        ..account
    }
}

/// What the plan that led from `before` to `planned` asks for as a charge.
fn charged(before: Account, planned: Account) -> Option<i64> {
    let open = planned.open?;
    assert!(is_new_attempt(before, planned), "{planned:?}");
    assert_eq!(open.kind, AttemptKind::Charge);
    Some(open.amount.units())
}

/// What the plan that led from `before` to `planned` gives back.
fn refund(before: Account, planned: Account) -> Option<Amount> {
    let refund = planned.refunded.minus(before.refunded).unwrap();
    (!refund.is_zero()).then_some(refund)
}

/// A tick at `now` changes nothing: it opens no attempt and gives nothing back.
fn assert_idle(account: Account, now: Moment) {
    assert_eq!(account.plan(&tick_at(now), id(9)), Ok(account));
}

fn next_bill_at(account: Account, second: i64) -> Option<Moment> {
    account.next_bill_at(&tick_at(at(second))).unwrap()
}
