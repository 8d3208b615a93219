//! Doctored rentals, answers, copies and outboxes: laws 7 to 9, 11, 13 and 14.

use crate::samples::{
    active, at, billing_of, event, failed, finished, id, indebted, overpaid, payload, rental_of,
};
use crate::{breaks, breaks_when};
use audit::{Books, When};
use serde_json::json;

#[test]
fn a_quote_that_gave_two_rentals_breaks_law_7() {
    breaks(active(), &[7], |books| {
        rental_of(books).same_quote = vec![id(7)];
    });
    // A start that failed gave its quote back.
    breaks(failed(), &[], |books| {
        rental_of(books).same_quote = vec![id(7)];
    });
}

#[test]
fn an_answer_that_tells_of_another_rental_breaks_law_8() {
    let fields = [
        ("rental_id", json!(format!("rental-{}", id(9)))),
        ("powerbank_id", json!("pb-002")),
        ("status", json!("FINISHED")),
        ("started_at", json!(at(1))),
        ("total_amount", json!(1)),
    ];
    for (field, value) in fields {
        breaks(active(), &[8], |books| {
            let answer = rental_of(books).keys[0].response.as_mut().unwrap();
            let mut told: serde_json::Value = serde_json::from_str(answer).unwrap();
            told[field] = value;
            *answer = told.to_string();
        });
    }
}

#[test]
fn a_stop_that_answered_an_end_which_the_rental_never_had_breaks_law_8() {
    let fields = [
        ("finished_at", json!(at(2_641))),
        ("total_amount", json!(45)),
        ("duration_minutes", json!(45)),
        ("status", json!("BUYOUT")),
    ];
    for (field, value) in fields {
        breaks(finished(), &[8], |books| {
            let answer = rental_of(books).keys[1].response.as_mut().unwrap();
            let mut told: serde_json::Value = serde_json::from_str(answer).unwrap();
            told[field] = value;
            *answer = told.to_string();
        });
    }
}

#[test]
fn a_refusal_stored_for_a_rental_that_started_breaks_law_8() {
    breaks(active(), &[8], |books| {
        let key = &mut rental_of(books).keys[0];
        key.status = Some(409);
        key.response = Some(json!({ "error": "No power bank could be ejected" }).to_string());
    });
}

#[test]
fn a_second_hold_breaks_laws_6_and_9() {
    breaks(active(), &[6, 9], |books| {
        let order = crate::samples::order_of(books);
        order.entries.push(crate::samples::entry("hold", 99, 500));
        order.held += 500;
    });
}

#[test]
fn a_hold_that_the_provider_never_made_breaks_law_9() {
    breaks(active(), &[9], |books| {
        crate::samples::order_of(books).entries.remove(0);
    });
}

#[test]
fn a_rental_that_runs_without_an_eject_breaks_law_9() {
    breaks(active(), &[9], |books| {
        books.ledger.as_mut().unwrap().ejects.clear();
    });
}

#[test]
fn a_power_bank_that_left_for_a_start_which_failed_breaks_law_9() {
    let eject = active().ledger.unwrap().ejects;
    breaks(failed(), &[9], |books| {
        books.ledger.as_mut().unwrap().ejects = eject;
    });
}

#[test]
fn another_power_bank_than_the_one_that_was_ejected_breaks_law_9() {
    breaks(active(), &[9], |books| {
        books.ledger.as_mut().unwrap().ejects[0].powerbank_id = "pb-002".to_owned();
    });
}

#[test]
fn a_power_bank_with_two_open_rentals_breaks_law_9_unless_one_is_flagged() {
    breaks(active(), &[9], |books| {
        rental_of(books).same_powerbank = vec![id(7)];
    });
    breaks(active(), &[], |books| {
        let rental = rental_of(books);
        rental.same_powerbank = vec![id(7)];
        rental.flagged_at = Some(at(1_000));
    });
}

#[test]
fn a_state_that_moved_back_breaks_law_11() {
    breaks(finished(), &[11], |books| {
        rental_of(books).transitions[0].payload["status"] = json!("FAILED");
    });
    breaks(finished(), &[11], |books| {
        let transitions = &mut rental_of(books).transitions;
        transitions[0].payload["status"] = json!("PENDING");
    });
}

#[test]
fn a_row_that_is_not_as_its_newest_transition_told_it_breaks_law_11() {
    breaks(finished(), &[11], |books| {
        rental_of(books).transitions[1].payload["station_id"] = json!("station-gum");
    });
}

#[test]
fn an_end_that_nobody_corrected_breaks_law_11() {
    breaks(overpaid(), &[11], |books| {
        rental_of(books).operator_actions.clear();
    });
    breaks(overpaid(), &[11], |books| {
        rental_of(books).operator_actions[0].command = json!({ "command": "requeue" });
    });
}

#[test]
fn an_end_that_was_changed_at_another_moment_than_its_correction_breaks_law_11() {
    breaks(overpaid(), &[11], |books| {
        rental_of(books).transitions[2].created_at = at(2_901);
    });
}

#[test]
fn an_end_that_was_changed_once_more_than_it_was_corrected_breaks_law_11() {
    let changed_again_at = |books: &mut Books, moment| {
        let rental = rental_of(books);
        let mut again = rental.transitions[2].clone();
        again.version = 4;
        again.payload["version"] = json!(4);
        again.created_at = moment;
        rental.transitions.push(again);
        rental.version = 4;
        billing_of(books).version = 4;
    };
    for moment in [at(2_900), at(2_901)] {
        breaks(overpaid(), &[11], |books| changed_again_at(books, moment));
    }
    // That an operator once ended it, or was at work later, is no excuse.
    let mut finished_too = overpaid();
    let rental = rental_of(&mut finished_too);
    let mut ended = rental.operator_actions[0].clone();
    ended.created_at = rental.transitions[1].created_at;
    rental.operator_actions.insert(0, ended);
    breaks(finished_too, &[11], |books| {
        changed_again_at(books, at(2_900));
    });
}

#[test]
fn a_billed_rental_that_does_not_exist_breaks_law_13_and_leaves_its_effects_without_intents() {
    breaks(active(), &[6, 13], |books| books.rental = None);
}

#[test]
fn a_copy_that_is_newer_than_its_rental_breaks_law_13() {
    breaks(finished(), &[13], |books| billing_of(books).version = 3);
}

#[test]
fn a_copy_that_differs_at_the_same_version_breaks_law_13() {
    breaks(active(), &[13], |books| {
        billing_of(books).user_id = "user-456".to_owned();
    });
    breaks(active(), &[13], |books| billing_of(books).buyout = 6_000);
}

#[test]
fn a_billed_start_that_failed_breaks_law_13() {
    let billing = active().billing.map(|billing| audit::BillingRows {
        attempts: Vec::new(),
        paid: 0,
        ..billing
    });
    breaks(failed(), &[13], |books| {
        books.billing = billing;
        billing_of(books).now = at(100);
    });
}

#[test]
fn a_transition_that_is_marked_as_copied_and_was_not_breaks_law_13() {
    breaks(active(), &[13], |books| {
        books.billing = None;
        books.rental.as_mut().unwrap().keys.clear();
        let ledger = books.ledger.as_mut().unwrap();
        let order = ledger.order.as_mut().unwrap();
        order.entries.truncate(1);
        order.taken = 0;
    });
}

#[test]
fn an_untold_transition_breaks_law_13_at_rest_only() {
    let mut told = finished();
    let rental = rental_of(&mut told);
    let untold = |books: &mut Books| {
        let started = active();
        books.billing = started.billing;
        billing_of(books).now = at(1_300);
        let order = crate::samples::order_of(books);
        *order = started.ledger.unwrap().order.unwrap();
        let rental = rental_of(books);
        rental.transitions[1].copied_at = None;
        rental.hold_status = "HELD".to_owned();
        rental.release_id = None;
    };
    rental.now = at(2_940);
    breaks_when(&[When::AnyMoment], told.clone(), &[], untold);
    breaks_when(&[When::AtRest], told, &[13, 16], untold);
}

#[test]
fn an_outbox_row_that_is_missing_breaks_law_14() {
    breaks(finished(), &[14], |books| {
        rental_of(books).transitions.remove(0);
    });
    breaks(overpaid(), &[14], |books| {
        rental_of(books).transitions.pop();
    });
}

#[test]
fn a_transition_that_is_told_twice_breaks_law_14() {
    breaks(finished(), &[14], |books| {
        let rental = rental_of(books);
        let again = rental.transitions[1].clone();
        rental.transitions.push(again);
        let told = payload(rental);
        assert_eq!(told, rental.transitions[1].payload);
        // One correction too many is not what this is about.
        rental.operator_actions = overpaid().rental.unwrap().operator_actions;
        rental.operator_actions[0].created_at = rental.transitions[1].created_at;
    });
}

#[test]
fn a_debt_that_is_not_told_as_it_is_breaks_law_14() {
    breaks(indebted(), &[14], |books| {
        billing_of(books).events.pop();
    });
    breaks(indebted(), &[14], |books| {
        billing_of(books).events[0].kind = "DEBT_SETTLED".to_owned();
    });
    breaks(indebted(), &[14], |books| {
        billing_of(books).debt.as_mut().unwrap().settled_at = Some(at(2_885));
    });
    breaks(finished(), &[14], |books| {
        billing_of(books).events = vec![event("DEBT_OPENED", 5, 2_000)];
    });
}

#[test]
fn a_refund_that_is_not_told_as_it_is_breaks_law_14() {
    breaks(overpaid(), &[14], |books| billing_of(books).events.clear());
    breaks(overpaid(), &[14], |books| {
        billing_of(books).events[0].amount = 13;
    });
}
