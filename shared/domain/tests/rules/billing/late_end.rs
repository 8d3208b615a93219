//! An end that came late, and what it finds billed too much.

use super::{HOUR, assert_idle, charging_60, ended, next_bill_at, plan, refund, settle, settled};
use crate::{amount, at, debt_of, is_new_attempt, owed, unbilled};
use domain::{Account, Amount, AttemptKind, Debt, Outcome};

#[test]
fn a_late_end_gives_back_what_was_paid_above_the_total() {
    let late = ended(settled(), 900);
    let planned = plan(late, HOUR + 10);
    assert_eq!(refund(late, planned), Some(amount(45)));
    assert_eq!(
        planned,
        Account {
            refunded: amount(45),
            ..late
        }
    );
    assert!(!is_new_attempt(late, planned));
}

#[test]
fn a_refund_is_found_once() {
    let refunded = plan(ended(settled(), 900), HOUR + 10);
    assert_idle(refunded, at(HOUR + 10));
    assert_idle(refunded, at(100 * HOUR));
    assert_eq!(next_bill_at(refunded, HOUR + 10), None);
}

#[test]
fn a_second_earlier_end_gives_back_the_difference_only() {
    let refunded = plan(ended(settled(), 900), HOUR + 10);
    let earlier = ended(refunded, 600);
    let planned = plan(earlier, HOUR + 20);
    assert_eq!(refund(earlier, planned), Some(amount(5)));
    assert_eq!(planned.refunded, amount(50));
}

#[test]
fn an_end_within_the_free_period_gives_everything_back() {
    let late = ended(settled(), 300);
    assert_eq!(refund(late, plan(late, HOUR + 10)), Some(amount(60)));
}

/// 40 paid, 20 owed, and an end that makes `due` minutes due.
fn ended_late_with_20_owed(due: i64) -> Account {
    Account {
        paid: amount(40),
        debt: Some(debt_of(20, at(HOUR + 5))),
        ..ended(unbilled(), due * 60)
    }
}

#[test]
fn a_late_end_lowers_the_debt_first() {
    let late = ended_late_with_20_owed(50);
    let planned = plan(late, HOUR + 10);
    assert_eq!(refund(late, planned), None);
    assert_eq!(
        planned,
        Account {
            debt: Some(Debt {
                amount: amount(10),
                ..late.debt.unwrap()
            }),
            ..late
        }
    );
}

#[test]
fn a_late_end_whose_excess_is_the_debt_leaves_neither_debt_nor_refund() {
    let late = ended_late_with_20_owed(40);
    let planned = plan(late, HOUR + 10);
    assert_eq!(refund(late, planned), None);
    assert_eq!(planned.debt, None);
    assert_eq!(planned.refunded, Amount::ZERO);
    assert_eq!(next_bill_at(planned, HOUR + 10), None);
}

#[test]
fn a_late_end_whose_excess_is_above_the_debt_gives_the_rest_back() {
    let late = ended_late_with_20_owed(30);
    let planned = plan(late, HOUR + 10);
    assert_eq!(refund(late, planned), Some(amount(10)));
    assert_eq!(planned.debt, None);
    assert_eq!(planned.refunded, amount(10));
    assert_eq!(planned.paid, amount(40));
}

#[test]
fn a_debt_lowered_by_a_late_end_is_collected_for_what_is_left() {
    let planned = plan(ended_late_with_20_owed(50), HOUR + 65);
    let open = planned.open.unwrap();
    assert_eq!(open.kind, AttemptKind::Collection { step: amount(100) });
    assert_eq!(open.amount, amount(10));
}

#[test]
fn a_late_end_lowers_a_debt_that_is_left_to_a_person_too() {
    let late = ended_late_with_20_owed(50);
    let planned = plan(late, HOUR + 31 * 24 * HOUR);
    assert_eq!(planned.debt.unwrap().amount, amount(10));
    assert!(!is_new_attempt(late, planned));
}

/// 40 paid, 20 written off, and an end that makes `due` minutes due.
fn ended_late_with_20_written_off(due: i64) -> Account {
    ended_late_with_20_owed(due).write_off_debt().unwrap()
}

#[test]
fn a_late_end_takes_back_what_was_written_off_before_it_gives_back_what_was_paid() {
    for (due, written_off, refunded) in [(60, 20, 0), (50, 10, 0), (40, 0, 0), (30, 0, 10)] {
        let late = ended_late_with_20_written_off(due);
        let planned = plan(late, HOUR + 10);
        assert_eq!(
            (planned.written_off, planned.refunded),
            (amount(written_off), amount(refunded)),
            "{due} due"
        );
        assert_eq!(planned.is_settled(), Ok(true));
        assert_eq!(next_bill_at(planned, HOUR + 10), None);
    }
}

#[test]
fn nothing_is_given_back_while_an_attempt_is_unknown() {
    let late = Account {
        paid: amount(60),
        open: charging_60().open,
        ..ended(unbilled(), 900)
    };
    assert_idle(late, at(3 * HOUR));
    let unknown = settle(late, Outcome::Unknown, 3 * HOUR);
    assert_idle(unknown, at(3 * HOUR));
    let known = settle(unknown, Outcome::Succeeded, 3 * HOUR);
    assert_eq!(refund(known, plan(known, 3 * HOUR)), Some(amount(105)));
}

#[test]
fn a_late_end_forgives_a_charge_that_turns_out_to_be_declined() {
    let late = ended(charging_60(), 900);
    let declined = settle(late, Outcome::Declined, 2 * HOUR);
    assert_eq!(owed(&declined), 60);
    let planned = plan(declined, 2 * HOUR);
    assert_eq!(refund(declined, planned), None);
    assert_eq!(planned.debt.unwrap().amount, amount(15));
}

#[test]
fn an_active_rental_is_given_nothing_back() {
    // The tick's clock fell behind what it billed before.
    let ahead = Account {
        paid: amount(60),
        ..unbilled()
    };
    assert_idle(ahead, at(900));
}
