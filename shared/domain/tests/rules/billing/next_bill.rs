//! When there is something to do.

use super::{HOUR, assert_idle, charging_60, ended, next_bill_at, plan, settle, settled};
use crate::{at, id, tick_at, unbilled};
use chrono::TimeDelta;
use domain::{Outcome, Tick};

#[test]
fn an_active_rental_is_next_billed_a_grace_after_its_next_unit_is_due() {
    assert_eq!(next_bill_at(unbilled(), 0), Some(at(306)));
    let paid = settle(charging_60(), Outcome::Succeeded, HOUR + 5);
    assert_eq!(next_bill_at(paid, HOUR + 5), Some(at(HOUR + 6)));
}

#[test]
fn an_active_rental_that_is_behind_is_billed_from_when_it_fell_behind() {
    assert_eq!(next_bill_at(unbilled(), 100 * HOUR), Some(at(306)));
}

#[test]
fn an_ended_rental_that_is_settled_is_never_billed_again() {
    assert_eq!(next_bill_at(settled(), HOUR), None);
    assert_idle(settled(), at(100 * HOUR));
}

#[test]
fn an_ended_rental_with_something_missing_or_in_excess_is_billed_at_once() {
    for second in [HOUR + 1, HOUR - 60] {
        let due = next_bill_at(ended(settled(), second), 2 * HOUR);
        assert_eq!(due, Some(at(2 * HOUR)));
    }
}

#[test]
fn an_active_rental_in_debt_is_next_billed_when_a_due_joins_or_the_debt_has_rested() {
    let owing = settle(charging_60(), Outcome::Declined, HOUR + 5);
    assert_eq!(next_bill_at(owing, HOUR + 5), Some(at(HOUR + 6)));
    let joined = plan(owing, HOUR + 6);
    assert_eq!(next_bill_at(joined, HOUR + 6), Some(at(HOUR + 65)));
}

#[test]
fn an_active_rental_whose_debt_is_left_to_a_person_is_billed_for_its_next_unit() {
    let owing = settle(charging_60(), Outcome::Declined, HOUR + 5);
    let joined = plan(owing, HOUR + 6);
    // Past its greatest age, and once it has rested too.
    for second in [HOUR + 40, HOUR + 65] {
        let tick = Tick {
            debt_max_age: TimeDelta::seconds(30),
            ..tick_at(at(second))
        };
        assert_eq!(joined.plan(&tick, id(9)), Ok(joined));
        assert_eq!(joined.next_bill_at(&tick), Ok(Some(at(HOUR + 66))));
    }
}
