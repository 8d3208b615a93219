//! What is due, and what of it is charged.

use super::{HOUR, assert_idle, charged, charging_60, ended, next_bill_at, plan, settle};
use crate::{a_nanosecond_before, amount, at, id, price, running, tick_at, unbilled};
use domain::{Account, AttemptKind, Moment, OpenAttempt, Outcome};

// What is due.

#[test]
fn an_active_rental_is_billed_a_grace_behind() {
    let due = |second| unbilled().due(&tick_at(at(second))).units();
    assert_eq!(due(305), 0);
    assert_eq!(due(306), 6);
    assert_eq!(due(HOUR + 5), 60);
    assert_eq!(due(HOUR + 6), 61);
}

#[test]
fn an_ended_rental_is_billed_to_its_end_without_a_grace() {
    let ended = ended(unbilled(), HOUR);
    assert_eq!(ended.due(&tick_at(at(HOUR))).units(), 60);
    assert_eq!(ended.due(&tick_at(at(HOUR * 100))).units(), 60);
}

#[test]
fn an_ended_rental_is_billed_to_its_end_even_before_the_ticks_clock_gets_there() {
    let ended = ended(unbilled(), HOUR);
    assert_eq!(charged(ended, plan(ended, HOUR - 300)), Some(60));
}

#[test]
fn a_tick_before_the_start_bills_nothing() {
    assert_idle(unbilled(), at(-300));
    assert_idle(unbilled(), Moment::MIN_UTC);
}

#[test]
fn a_stop_within_the_grace_finds_nothing_billed_too_much() {
    let paid = settle(charging_60(), Outcome::Succeeded, HOUR + 5);
    assert_idle(ended(paid, HOUR), at(HOUR + 5));
}

// Charges.

#[test]
fn nothing_is_charged_within_the_free_period() {
    assert_idle(unbilled(), a_nanosecond_before(at(306)));
}

#[test]
fn the_first_charge_comes_a_grace_after_the_first_second_past_the_free_period() {
    assert_eq!(charged(unbilled(), plan(unbilled(), 306)), Some(6));
}

#[test]
fn a_charge_carries_the_given_id_and_the_ticks_moment() {
    assert_eq!(
        charging_60().open,
        Some(OpenAttempt {
            attempt_id: id(1),
            kind: AttemptKind::Charge,
            amount: amount(60),
            created_at: at(HOUR + 5),
        })
    );
}

#[test]
fn what_is_paid_is_not_charged_again() {
    let paid = settle(charging_60(), Outcome::Succeeded, HOUR + 6);
    assert_eq!(paid.paid, amount(60));
    assert_eq!(paid.open, None);
    assert_idle(paid, at(HOUR + 5));
    assert_eq!(charged(paid, plan(paid, HOUR + 65)), Some(1));
}

#[test]
fn a_late_tick_charges_what_all_ticks_before_it_would_have() {
    let (mut often, mut now) = (unbilled(), 0);
    while now < 2 * HOUR {
        now += 30;
        often = settle(plan(often, now), Outcome::Succeeded, now);
    }
    let once = settle(plan(unbilled(), now), Outcome::Succeeded, now);
    assert_eq!(often, once);
}

#[test]
fn an_active_rental_is_never_billed_above_its_buyout() {
    let year = 365 * 24 * HOUR;
    let planned = plan(unbilled(), year);
    assert_eq!(charged(unbilled(), planned), Some(5000));
    let bought = settle(planned, Outcome::Succeeded, year);
    assert_idle(bought, at(2 * year));
    assert_eq!(next_bill_at(bought, year), None);
}

#[test]
fn a_rental_at_a_price_of_0_is_never_billed() {
    let free = Account {
        running: running(price(0, 0, 1)),
        ..unbilled()
    };
    assert_idle(free, at(365 * 24 * HOUR));
    assert_eq!(next_bill_at(free, 0), None);
    assert_eq!(next_bill_at(ended(free, HOUR), HOUR), None);
}
