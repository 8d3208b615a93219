//! What a person decides about a debt that grew too old.

use super::{HOUR, charged, charging_60, next_bill_at, plan, settle, settled};
use crate::{a_nanosecond_before, amount, at, debt_of, id, tick_at};
use chrono::TimeDelta;
use domain::{Account, AttemptKind, MoneyError, Outcome};

const MONTH: i64 = 30 * 24 * HOUR;

/// An ended rental that paid 40 and owes 20.
fn owing_20() -> Account {
    Account {
        paid: amount(40),
        debt: Some(debt_of(20, at(HOUR))),
        ..settled()
    }
}

/// An ACTIVE rental whose first hour was declined.
fn active_owing_60() -> Account {
    settle(charging_60(), Outcome::Declined, HOUR + 5)
}

#[test]
fn a_debt_is_left_to_a_person_from_its_greatest_age_on() {
    let debt = debt_of(20, at(HOUR));
    let month = TimeDelta::seconds(MONTH);
    let left = at(HOUR + MONTH);
    assert!(!debt.is_left_to_a_person(a_nanosecond_before(left), month));
    assert!(debt.is_left_to_a_person(left, month));
}

#[test]
fn a_debt_that_is_tried_again_is_collected_for_another_month() {
    let old = owing_20();
    let now = HOUR + 2 * MONTH;
    assert_eq!(next_bill_at(old, now), None);
    let retried = old.retry_debt(at(now));
    assert_eq!(next_bill_at(retried, now), Some(at(HOUR + 60)), "it rested");
    let open = plan(retried, now).open.unwrap();
    assert_eq!(open.kind, AttemptKind::Collection { step: amount(100) });
    assert_eq!(open.amount, amount(20));
    assert_eq!(next_bill_at(retried, now + MONTH), None);
}

#[test]
fn a_debt_that_is_tried_again_still_rests_after_its_last_try() {
    let tried = HOUR + MONTH - 60;
    let declined = settle(plan(owing_20(), tried), Outcome::Declined, tried);
    let retried = declined.retry_debt(at(tried + 60));
    assert_eq!(next_bill_at(retried, tried + 60), Some(at(tried + 120)));
    assert_eq!(plan(retried, tried + 60).open, None);
}

#[test]
fn without_a_debt_there_is_nothing_to_try_again_or_to_write_off() {
    assert_eq!(settled().retry_debt(at(MONTH)), settled());
    assert_eq!(settled().write_off_debt(), Ok(settled()));
}

#[test]
fn a_debt_that_is_written_off_is_gone_whole_and_closes_the_books() {
    let written_off = owing_20().write_off_debt().unwrap();
    assert_eq!(
        written_off,
        Account {
            debt: None,
            written_off: amount(20),
            ..owing_20()
        }
    );
    assert_eq!(written_off.is_settled(), Ok(true));
    assert_eq!(next_bill_at(written_off, 2 * MONTH), None);
    assert_eq!(plan(written_off, 2 * MONTH), written_off);
}

#[test]
fn what_becomes_due_after_a_write_off_is_charged_and_may_become_a_debt_again() {
    let written_off = active_owing_60().write_off_debt().unwrap();
    assert_eq!(next_bill_at(written_off, HOUR + 5), Some(at(HOUR + 6)));
    let planned = plan(written_off, HOUR + 65);
    assert_eq!(charged(written_off, planned), Some(1));
    let again = settle(planned, Outcome::Declined, HOUR + 65);
    assert_eq!(again.debt.unwrap().opened_at, at(HOUR + 65));
    let twice = again.write_off_debt().unwrap();
    assert_eq!((twice.written_off, twice.debt), (amount(61), None));
}

#[test]
fn what_is_written_off_does_not_wrap() {
    let most = Account {
        written_off: amount(i64::MAX),
        ..owing_20()
    };
    assert_eq!(most.write_off_debt(), Err(MoneyError::Overflow));
    assert_eq!(
        most.plan(&tick_at(at(HOUR)), id(9)),
        Err(MoneyError::Overflow)
    );
}
