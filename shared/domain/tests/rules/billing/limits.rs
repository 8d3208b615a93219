//! Books that do not add up, and the ends of 64 bits and of time.

use super::{HOUR, assert_idle, charging_60, ended, settled};
use crate::{amount, at, debt_of, id, price, running, tick_at, unbilled};
use chrono::TimeDelta;
use domain::{Account, Amount, Moment, MoneyError, Outcome, Tick};

#[test]
fn more_refunded_than_was_billed_is_an_error() {
    let broken = Account {
        refunded: amount(61),
        ..settled()
    };
    let tick = tick_at(at(HOUR));
    assert_eq!(broken.plan(&tick, id(1)), Err(MoneyError::Negative(-1)));
    assert_eq!(broken.next_bill_at(&tick), Err(MoneyError::Negative(-1)));
}

#[test]
fn books_beyond_64_bits_are_an_error() {
    let broken = Account {
        paid: amount(i64::MAX),
        debt: Some(debt_of(1, at(0))),
        ..settled()
    };
    let tick = tick_at(at(HOUR));
    assert_eq!(broken.plan(&tick, id(1)), Err(MoneyError::Overflow));
    assert_eq!(broken.next_bill_at(&tick), Err(MoneyError::Overflow));
}

#[test]
fn a_payment_beyond_64_bits_is_an_error() {
    let broken = Account {
        paid: amount(i64::MAX),
        ..charging_60()
    };
    let settled = broken.settle(Outcome::Succeeded, at(2 * HOUR));
    assert_eq!(settled, Err(MoneyError::Overflow));
}

#[test]
fn a_rental_billed_to_the_highest_buyout_is_settled() {
    let highest = Account {
        running: running(price(i64::MAX, 0, i64::MAX)),
        paid: amount(i64::MAX),
        ..unbilled()
    };
    let tick = tick_at(at(2 * HOUR));
    assert_idle(highest, at(2 * HOUR));
    assert_eq!(highest.next_bill_at(&tick), Ok(None));
    assert_eq!(ended(highest, HOUR).next_bill_at(&tick), Ok(None));
}

#[test]
fn a_grace_longer_than_time_itself_bills_nothing() {
    let tick = Tick {
        grace: TimeDelta::MAX,
        ..tick_at(at(HOUR))
    };
    assert_eq!(unbilled().due(&tick), Amount::ZERO);
    assert_eq!(unbilled().next_bill_at(&tick), Ok(Some(Moment::MAX_UTC)));
}
