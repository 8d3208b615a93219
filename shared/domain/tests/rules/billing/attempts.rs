//! An open attempt, and what its outcome changes.

use super::{
    HOUR, assert_idle, charged, charging_60, ended, next_bill_at, plan, refund, settle, settled,
};
use crate::{a_nanosecond_before, at, id, owed, tick_at, unbilled};
use chrono::TimeDelta;
use domain::{Moment, Outcome, PROVIDER_MEMORY};

// An open attempt.

#[test]
fn an_open_attempt_is_asked_about_and_nothing_else_happens() {
    // More is due, and the rental ended late: both wait.
    for account in [charging_60(), ended(charging_60(), 900)] {
        for second in [HOUR + 5, 10 * HOUR, 100 * HOUR] {
            assert_idle(account, at(second));
        }
    }
}

#[test]
fn an_open_collection_is_asked_about_and_nothing_else_happens() {
    let owing = settle(charging_60(), Outcome::Declined, HOUR + 5);
    let collecting = plan(owing, HOUR + 65);
    assert!(collecting.open.is_some());
    for account in [collecting, ended(collecting, 900)] {
        for second in [HOUR + 65, 10 * HOUR, 100 * HOUR] {
            assert_idle(account, at(second));
        }
    }
}

#[test]
fn an_unknown_outcome_leaves_the_attempt_open_with_its_id_and_amount() {
    let account = charging_60();
    for second in [HOUR + 5, HOUR + 35, 24 * HOUR] {
        assert_eq!(settle(account, Outcome::Unknown, second), account);
    }
}

#[test]
fn an_unknown_charge_is_not_a_debt() {
    let account = settle(charging_60(), Outcome::Unknown, HOUR + 8);
    assert_eq!(account.debt, None);
    assert_eq!(owed(&account), 0);
}

#[test]
fn an_open_attempt_is_asked_about_at_once_until_the_provider_forgets() {
    let account = charging_60();
    let created = HOUR + 5;
    assert_eq!(next_bill_at(account, created), Some(at(created)));
    assert_eq!(next_bill_at(account, created + 30), Some(at(created + 30)));
    let last = a_nanosecond_before(at(created + 23 * HOUR));
    assert_eq!(account.next_bill_at(&tick_at(last)), Ok(Some(last)));
    assert!(!account.attempt_is_left_to_a_person(last));
}

#[test]
fn an_attempt_unknown_for_23_hours_is_left_to_a_person() {
    let account = charging_60();
    let forgotten = HOUR + 5 + 23 * HOUR;
    assert_eq!(PROVIDER_MEMORY, TimeDelta::hours(23));
    assert_eq!(account.open.unwrap().expires_at(), at(forgotten));
    assert!(account.attempt_is_left_to_a_person(at(forgotten)));
    assert_eq!(next_bill_at(account, forgotten), None);
    assert_eq!(next_bill_at(account, forgotten * 10), None);
    assert_idle(account, at(forgotten * 10));
}

#[test]
fn an_attempt_left_to_a_person_holds_up_a_late_end_and_a_debt() {
    let account = ended(charging_60(), 900);
    assert_eq!(next_bill_at(account, 25 * HOUR), None);
    let known = settle(account, Outcome::Succeeded, 50 * HOUR);
    assert_eq!(next_bill_at(known, 50 * HOUR), Some(at(50 * HOUR)));
}

#[test]
fn without_an_open_attempt_none_is_left_to_a_person() {
    assert!(!unbilled().attempt_is_left_to_a_person(Moment::MAX_UTC));
}

// Outcomes.

#[test]
fn an_expired_charge_is_charged_anew_under_a_new_id() {
    let expired = settle(charging_60(), Outcome::Expired, 24 * HOUR);
    assert_eq!(expired, unbilled());
    let again = expired.plan(&tick_at(at(HOUR + 5)), id(2)).unwrap();
    assert_eq!(charged(expired, again), Some(60));
    assert_eq!(again.open.unwrap().attempt_id, id(2));
}

#[test]
fn an_expired_charge_is_not_a_debt() {
    let expired = settle(charging_60(), Outcome::Expired, 24 * HOUR);
    assert_eq!(expired.debt, None);
    assert_eq!(owed(&expired), 0);
}

#[test]
fn an_expired_charge_of_a_rental_that_ended_late_is_charged_for_what_is_due() {
    let expired = settle(ended(charging_60(), 900), Outcome::Expired, 24 * HOUR);
    let planned = plan(expired, 24 * HOUR);
    assert_eq!(charged(expired, planned), Some(15));
    assert_eq!(refund(expired, planned), None);
}

#[test]
fn an_outcome_without_an_open_attempt_changes_nothing() {
    let owing = settle(charging_60(), Outcome::Declined, HOUR + 5);
    for account in [unbilled(), settled(), owing] {
        for outcome in [
            Outcome::Succeeded,
            Outcome::Declined,
            Outcome::Expired,
            Outcome::Unknown,
        ] {
            assert_eq!(settle(account, outcome, 2 * HOUR), account);
        }
    }
}

#[test]
fn an_outcome_told_twice_counts_once() {
    for outcome in [Outcome::Succeeded, Outcome::Declined, Outcome::Expired] {
        let once = settle(charging_60(), outcome, HOUR + 6);
        assert_eq!(settle(once, outcome, HOUR + 36), once);
    }
}

#[test]
fn a_debt_and_its_open_step_are_owed_together_and_a_charge_is_not() {
    assert_eq!(owed(&charging_60()), 0);
    let owing = settle(charging_60(), Outcome::Declined, HOUR + 5);
    assert_eq!(owed(&owing), 60);
    let collecting = plan(owing, HOUR + 65);
    assert_eq!(owed(&collecting), 61);
}
