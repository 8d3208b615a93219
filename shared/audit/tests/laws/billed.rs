//! Doctored money: laws 1 to 6 and 12.

use crate::samples::{
    active, at, attempt, billing_of, bought_out, entry, finished, id, indebted, order_of, overpaid,
    rental_of, written_off,
};
use crate::{breaks, breaks_when};
use audit::When;

#[test]
fn money_taken_for_an_attempt_that_was_declined_breaks_law_1() {
    breaks(indebted(), &[1], |books| {
        let order = order_of(books);
        order.entries.push(entry("clear", 11, 10));
        order.taken += 10;
    });
}

#[test]
fn an_attempt_that_succeeded_and_took_nothing_breaks_law_1() {
    breaks(finished(), &[1], |books| {
        let order = order_of(books);
        order
            .entries
            .retain(|entry| entry.key != Some(id(11).to_string()));
        order.taken -= 24;
    });
}

#[test]
fn one_unit_taken_too_much_breaks_law_1() {
    breaks(finished(), &[1], |books| order_of(books).taken += 1);
}

#[test]
fn a_unit_billed_before_it_is_due_breaks_law_2() {
    let whens = [When::AnyMoment, When::AtRest];
    breaks_when(&whens, active(), &[2], |books| {
        // 20 are due until 1,200 s; at 1,204 s the grace reaches back to 1,199.
        billing_of(books).now = at(1_145);
    });
}

#[test]
fn a_total_that_is_not_what_is_due_breaks_law_2() {
    breaks(finished(), &[2], |books| {
        let rental = rental_of(books);
        rental.total_amount = Some(45);
        let told = crate::samples::payload(rental);
        rental.transitions[1].payload = told;
        let stop = rental.keys[1].response.as_mut().unwrap();
        *stop = stop.replace("44,", "45,").replace(":44}", ":45}");
        let stop: serde_json::Value = serde_json::from_str(stop).unwrap();
        assert_eq!(stop["total_amount"], 45);
        let mut stop = stop;
        stop["duration_minutes"] = 44.into();
        rental.keys[1].response = Some(stop.to_string());
        billing_of(books).total_amount = Some(45);
    });
}

#[test]
fn an_end_that_is_not_at_the_moment_of_its_buyout_breaks_law_2() {
    breaks(bought_out(), &[2], |books| {
        rental_of(books).buyout_at = Some(at(300_000));
    });
}

#[test]
fn both_a_debt_and_a_refund_break_law_2() {
    breaks(overpaid(), &[2], |books| {
        let billing = billing_of(books);
        billing.refunded += 1;
        billing.refunds[0].amount += 1;
        billing.events[0].amount += 1;
        billing.next_bill_at = Some(at(3_000));
        billing.debt = Some(audit::DebtRow {
            amount: 1,
            failures: 0,
            opened_at: at(2_940),
            next_try_at: at(3_000),
            retried_at: None,
            settled_at: None,
        });
        billing
            .events
            .push(crate::samples::event("DEBT_OPENED", 1, 2_940));
    });
}

#[test]
fn both_something_written_off_and_a_refund_break_law_2() {
    breaks(written_off(), &[2], |books| {
        let billing = billing_of(books);
        billing.refunded = 1;
        billing.written_off = 45;
        billing.operator_actions[0].command["amount"] = 45.into();
        billing.refunds = vec![audit::RefundRow {
            amount: 1,
            owed_at: at(2_930),
        }];
        billing
            .events
            .push(crate::samples::event("REFUND_OWED", 1, 2_930));
    });
}

#[test]
fn more_written_off_than_was_due_breaks_law_2() {
    breaks(written_off(), &[2], |books| {
        let billing = billing_of(books);
        billing.written_off = 45;
        billing.operator_actions[0].command["amount"] = 45.into();
    });
}

#[test]
fn a_debt_that_is_gone_and_was_not_given_up_breaks_law_2() {
    breaks(written_off(), &[2], |books| {
        billing_of(books).written_off = 0;
    });
}

#[test]
fn what_is_written_off_without_an_operators_word_breaks_law_4() {
    breaks(written_off(), &[4], |books| {
        billing_of(books).operator_actions.clear();
    });
    breaks(written_off(), &[4], |books| {
        billing_of(books).operator_actions[0].command["amount"] = 43.into();
    });
}

#[test]
fn an_end_that_is_not_billed_whole_breaks_law_2_only_once_billing_has_done_with_it() {
    let mut waiting = finished();
    billing_of(&mut waiting).next_bill_at = Some(at(2_650));
    let mut unbilled = waiting.clone();
    let billing = billing_of(&mut unbilled);
    billing.attempts.pop();
    billing.paid = 20;
    let order = order_of(&mut unbilled);
    order.entries.truncate(2);
    order.taken = 20;
    order.held = 480;
    let rental = rental_of(&mut unbilled);
    rental.hold_status = "HELD".to_owned();
    rental.release_id = None;
    let unbilled = |books: &mut audit::Books| *books = unbilled.clone();
    breaks_when(&[When::AnyMoment], waiting.clone(), &[], unbilled);
    breaks_when(&[When::AtRest], waiting, &[2, 12], unbilled);
}

#[test]
fn more_than_the_buyout_billed_and_taken_breaks_law_3_and_what_is_due() {
    breaks(bought_out(), &[2, 3, 12], |books| {
        let billing = billing_of(books);
        billing.attempts[1].amount += 1;
        billing.paid += 1;
        let order = order_of(books);
        order.entries[2].amount += 1;
        order.taken += 1;
    });
}

#[test]
fn a_collection_above_its_step_breaks_law_4() {
    breaks(indebted(), &[4], |books| {
        billing_of(books).attempts[3].step = Some(9);
    });
}

#[test]
fn an_attempt_for_nothing_breaks_law_4() {
    breaks(indebted(), &[4], |books| {
        billing_of(books).attempts[1].amount = 0;
    });
}

#[test]
fn a_running_sum_that_is_not_the_sum_breaks_law_4() {
    breaks(finished(), &[2, 4], |books| billing_of(books).paid = 43);
    breaks(overpaid(), &[2, 4], |books| billing_of(books).refunded = 13);
}

#[test]
fn a_second_open_attempt_breaks_law_5() {
    let mut books = active();
    let billing = billing_of(&mut books);
    billing.attempts = vec![attempt(10, 10, None, "OPEN", 1_205)];
    billing.paid = 0;
    let order = order_of(&mut books);
    order.entries.truncate(1);
    order.taken = 0;
    breaks_when(&[When::AnyMoment], books, &[5], |books| {
        let billing = billing_of(books);
        billing.attempts.push(attempt(11, 10, None, "OPEN", 1_206));
    });
}

#[test]
fn an_attempt_that_was_made_before_the_last_one_was_known_breaks_law_5() {
    breaks(finished(), &[5], |books| {
        billing_of(books).attempts[0].settled_at = Some(at(2_671));
    });
}

#[test]
fn a_clear_that_nobody_intended_breaks_laws_1_and_6() {
    breaks(finished(), &[1, 6], |books| {
        let order = order_of(books);
        order.entries.push(entry("clear", 99, 5));
        order.taken += 5;
    });
}

#[test]
fn a_hold_a_release_or_an_eject_under_another_key_breaks_law_6() {
    breaks(active(), &[6], |books| {
        rental_of(books).hold_id = Some(id(99));
    });
    breaks(finished(), &[6], |books| {
        rental_of(books).release_id = Some(id(99));
    });
    breaks(finished(), &[6], |books| {
        order_of(books).entries[0].key = None;
    });
}

#[test]
fn a_clear_of_another_amount_than_its_attempts_breaks_law_6() {
    breaks(finished(), &[6], |books| {
        let order = order_of(books);
        order.entries[1].amount -= 1;
        order.entries[2].amount += 1;
    });
}

#[test]
fn two_effects_under_one_key_break_laws_1_and_6() {
    breaks(finished(), &[1, 6], |books| {
        let order = order_of(books);
        order.entries.push(entry("clear", 10, 20));
        order.taken += 20;
    });
}

#[test]
fn money_of_another_user_breaks_law_6() {
    breaks(finished(), &[6], |books| {
        order_of(books).user_id = Some("user-456".to_owned());
    });
}

#[test]
fn a_settled_sum_that_is_not_what_is_due_breaks_law_12() {
    // The provider, the running sum and the total agree with each other: only the terms do not.
    breaks(finished(), &[2, 12], |books| {
        let billing = billing_of(books);
        billing.attempts[1].amount = 25;
        billing.paid = 45;
        let order = order_of(books);
        order.entries[2].amount = 25;
        order.taken = 45;
    });
}
