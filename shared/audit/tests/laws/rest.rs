//! Doctored holds, rests and loose ends: laws 10, 15 and 16.

use crate::samples::{
    active, at, attempt, billing_of, bought_out, failed, finished, indebted, order_of, pending,
    rental_of,
};
use crate::{breaks, breaks_when, broken};
use audit::{Books, Rules, When, check};
use chrono::TimeDelta;

type Doctor = fn(&mut Books);

const AT_REST: [When; 1] = [When::AtRest];
/// 30 days.
const MAX_AGE_SEC: i64 = 30 * 24 * 3_600;
const ANY_MOMENT: [When; 1] = [When::AnyMoment];

#[test]
fn a_released_hold_that_still_holds_breaks_law_10() {
    breaks(finished(), &[10], |books| order_of(books).held = 456);
}

#[test]
fn a_hold_that_stands_after_a_settled_end_breaks_law_10_at_rest_only() {
    for books in [finished(), failed()] {
        breaks_when(&ANY_MOMENT, books.clone(), &[], hold_stands);
        breaks_when(&AT_REST, books, &[10], hold_stands);
    }
}

/// Nobody released what was released.
fn hold_stands(books: &mut Books) {
    let rental = rental_of(books);
    rental.hold_status = "HELD".to_owned();
    rental.release_id = None;
    let order = order_of(books);
    order.entries.retain(|entry| entry.kind != "release");
    order.held = 456;
}

fn lease_in_billing(books: &mut Books) {
    let billing = billing_of(books);
    billing.lease_token = Some(crate::samples::id(50));
    billing.lease_until = Some(billing.now + TimeDelta::seconds(20));
}

#[test]
fn a_debt_that_is_collected_too_soon_breaks_law_15() {
    // The first a minute after the charge was declined, the others after the last outcome: a
    // minute, after one decline two.
    for (index, too_soon) in [(1, 1_265), (3, 1_390), (4, 1_460), (5, 2_760)] {
        breaks(indebted(), &[15], |books| {
            let attempt = &mut billing_of(books).attempts[index];
            attempt.created_at = at(too_soon);
            if index == 3 {
                attempt.settled_at = Some(at(1_391));
                // The one that expired in between is not what this is about.
                billing_of(books).attempts.remove(2);
            }
        });
    }
}

#[test]
fn an_attempt_that_expired_is_no_try_but_has_to_wait_like_one() {
    breaks(indebted(), &[15], |books| {
        let expired = &mut billing_of(books).attempts[2];
        expired.created_at = at(1_390);
        expired.settled_at = Some(at(1_391));
    });
}

#[test]
fn a_debt_that_is_to_be_tried_before_its_rest_is_over_breaks_law_15() {
    breaks(owing(), &[15], |books| {
        let debt = billing_of(books).debt.as_mut().unwrap();
        debt.next_try_at = at(1_390);
    });
    breaks(owing(), &[15], |books| {
        let debt = billing_of(books).debt.as_mut().unwrap();
        debt.failures = 0;
    });
}

/// Ended, and nothing of it paid: what is owed since 1,206 s was collected once, in vain.
fn owing() -> Books {
    let mut owed = indebted();
    let billing = billing_of(&mut owed);
    billing.attempts.truncate(2);
    billing.paid = 0;
    billing.events.pop();
    billing.next_bill_at = Some(at(1_391));
    let debt = billing.debt.as_mut().unwrap();
    debt.amount = 44;
    debt.failures = 1;
    debt.next_try_at = at(1_391);
    debt.settled_at = None;
    let rental = rental_of(&mut owed);
    rental.hold_status = "HELD".to_owned();
    rental.release_id = None;
    let order = order_of(&mut owed);
    order.entries.truncate(1);
    order.taken = 0;
    owed
}

fn too_old_debt() -> Books {
    let mut owed = owing();
    billing_of(&mut owed).now = at(1_206 + MAX_AGE_SEC);
    owed
}

#[test]
fn a_debt_that_no_tick_will_ever_come_to_breaks_law_16_at_rest_only_while_it_is_not_too_old() {
    let forget = |books: &mut Books| billing_of(books).next_bill_at = None;
    breaks_when(&ANY_MOMENT, owing(), &[], forget);
    breaks_when(&AT_REST, owing(), &[16], forget);
    breaks_when(&AT_REST, too_old_debt(), &[], forget);
    let mut retried = too_old_debt();
    let debt = billing_of(&mut retried).debt.as_mut().unwrap();
    debt.retried_at = Some(at(1_207));
    breaks_when(&AT_REST, retried.clone(), &[16], forget);
    // Nobody works on it: it is for an operator.
    billing_of(&mut retried).set_aside_at = Some(at(2_000));
    breaks_when(&AT_REST, retried, &[], forget);
}

#[test]
fn how_old_a_debt_becomes_is_a_rule() {
    let mut owed = owing();
    let billing = billing_of(&mut owed);
    billing.next_bill_at = None;
    billing.now = at(1_206 + MAX_AGE_SEC / 30);
    let rules = Rules {
        debt_max_age_days: 1,
        ..Rules::default()
    };
    let findings = check(&owed, rules, When::AtRest);
    assert!(findings.are_clean(), "{:?}", findings.broken);
    assert_eq!(broken(&owed, When::AtRest), [16]);
}

#[test]
fn a_loose_end_breaks_law_16_at_rest_only() {
    let loose_ends: [(Books, Doctor); 7] = [
        (active(), |books| {
            let billing = billing_of(books);
            billing.attempts.push(attempt(11, 1, None, "OPEN", 1_261));
            billing.now = at(1_290);
        }),
        (active(), |books| {
            let rental = rental_of(books);
            rental.hold_status = "REQUESTED".to_owned();
        }),
        (active(), |books| {
            let rental = rental_of(books);
            rental.lease_token = Some(crate::samples::id(50));
            rental.lease_until = Some(at(1_320));
        }),
        (active(), |books| {
            let billing = billing_of(books);
            billing.lease_token = Some(crate::samples::id(50));
            billing.lease_until = Some(at(1_320));
        }),
        (finished(), |books| {
            rental_of(books).transitions[1].returned_at = None;
        }),
        (finished(), |books| billing_of(books).release_due = true),
        // 20 are billed, and 21 were due at 1,201 s.
        (active(), |books| billing_of(books).now = at(1_201 + 65)),
    ];
    for (number, (books, doctor)) in loose_ends.into_iter().enumerate() {
        println!("loose end {number}");
        breaks_when(&ANY_MOMENT, books.clone(), &[], doctor);
        breaks_when(&AT_REST, books, &[16], doctor);
    }
}

#[test]
fn a_transition_that_is_set_aside_is_no_loose_end() {
    breaks(finished(), &[], |books| {
        let back = &mut rental_of(books).transitions[1];
        back.returned_at = None;
        back.return_error = Some("the station refuses it".to_owned());
    });
}

#[test]
fn a_flagged_rental_is_billed_on_like_any_other_or_breaks_law_16() {
    let mut flagged = active();
    rental_of(&mut flagged).flagged_at = Some(at(1_000));
    breaks_when(&AT_REST, flagged.clone(), &[16], |books| {
        billing_of(books).now = at(5_000);
    });
    breaks_when(&AT_REST, flagged, &[16], lease_in_billing);
}

#[test]
fn an_old_version_that_is_set_aside_hides_nothing_of_a_newer_one_that_was_delivered() {
    let mut superseded = finished();
    let first = &mut rental_of(&mut superseded).transitions[0];
    first.copied_at = None;
    first.copy_error = Some("billing refuses it".to_owned());
    let doctors: [(&[u8], Doctor); 4] = [
        (&[2, 12], |books| {
            let billing = billing_of(books);
            billing.paid -= 24;
            billing.attempts.pop();
            let order = order_of(books);
            order.entries.retain(|entry| entry.amount != 24);
            order.taken -= 24;
            hold_stands(books);
        }),
        (&[10], hold_stands),
        (&[16], lease_in_billing),
        (&[13, 16], |books| {
            rental_of(books).transitions[1].copied_at = None;
            billing_of(books).version = 1;
        }),
    ];
    for (laws, doctor) in doctors {
        breaks_when(&AT_REST, superseded.clone(), laws, doctor);
    }
}

#[test]
fn the_newest_version_that_is_set_aside_excepts_its_copy_and_nothing_else() {
    let mut untold = active();
    let told = finished().rental.unwrap();
    let rental = rental_of(&mut untold);
    *rental = told;
    rental.hold_status = "HELD".to_owned();
    rental.release_id = None;
    let newest = &mut rental.transitions[1];
    newest.copied_at = None;
    newest.copy_error = Some("billing refuses it".to_owned());
    rental.now = at(2_940);
    breaks_when(&AT_REST, untold.clone(), &[13, 16], |books| {
        rental_of(books).transitions[1].copy_error = None;
    });
    breaks_when(&AT_REST, untold.clone(), &[16], lease_in_billing);
    // As far as billing knows, it runs.
    breaks_when(&AT_REST, untold, &[16], |books| {
        billing_of(books).now = at(5_000);
    });
}

#[test]
fn a_hold_that_is_left_to_a_person_hides_no_other_loose_end() {
    let mut left = finished();
    let rental = rental_of(&mut left);
    rental.hold_status = "REQUESTED".to_owned();
    rental.release_id = None;
    rental.now = at(24 * 3_600);
    let ledger = left.ledger.as_mut().unwrap();
    ledger.order.as_mut().unwrap().entries.pop();
    order_of(&mut left).held = 456;
    let doctors: [Doctor; 4] = [
        lease_in_billing,
        |books| rental_of(books).transitions[1].returned_at = None,
        |books| billing_of(books).release_due = true,
        |books| {
            let billing = billing_of(books);
            billing.attempts.push(attempt(12, 1, None, "OPEN", 2_900));
        },
    ];
    for doctor in doctors {
        breaks_when(&AT_REST, left.clone(), &[16], doctor);
    }
    // Only for 23 hours after its request expired is anybody asked.
    breaks_when(&AT_REST, left, &[10, 16], |books| {
        rental_of(books).now = at(2_940);
    });
}

#[test]
fn a_start_that_is_left_to_a_person_may_be_pending_and_nothing_else() {
    let mut left = pending();
    rental_of(&mut left).now = at(24 * 3_600);
    breaks_when(&AT_REST, left.clone(), &[16], |books| {
        rental_of(books).lease_until = Some(at(25 * 3_600));
    });
    breaks_when(&AT_REST, left.clone(), &[16], |books| {
        rental_of(books).eject_expires_at = Some(at(3_601));
    });
    // Its hold waits for it, even if nobody knows what became of it.
    breaks_when(&AT_REST, left, &[], |books| {
        rental_of(books).hold_status = "REQUESTED".to_owned();
    });
}

#[test]
fn an_attempt_that_is_left_to_a_person_excepts_what_cannot_be_charged_beside_it() {
    let mut left = active();
    let day = 24 * 3_600;
    let billing = billing_of(&mut left);
    billing.attempts.push(attempt(11, 1, None, "OPEN", 1_261));
    billing.next_bill_at = None;
    billing.now = at(day);
    rental_of(&mut left).now = at(day);
    breaks_when(&AT_REST, left.clone(), &[16], lease_in_billing);
    breaks_when(&AT_REST, left.clone(), &[16], |books| {
        rental_of(books).transitions[0].copied_at = None;
    });
    breaks_when(&AT_REST, left, &[16], |books| {
        billing_of(books).attempts[1].created_at = at(day - 3_600);
    });
}

#[test]
fn what_billing_set_aside_is_not_charged_and_has_no_other_loose_end() {
    let mut aside = active();
    let billing = billing_of(&mut aside);
    billing.set_aside_at = Some(at(1_261));
    billing.attempts.push(attempt(11, 1, None, "OPEN", 1_261));
    billing.now = at(5_000);
    let doctors: [Doctor; 3] = [
        |books| rental_of(books).transitions[0].copied_at = None,
        |books| rental_of(books).hold_status = "RELEASING".to_owned(),
        lease_in_billing,
    ];
    for doctor in doctors {
        breaks_when(&AT_REST, aside.clone(), &[16], doctor);
    }
}

#[test]
fn a_buyout_that_was_just_written_down_need_not_be_billed_for_two_ticks_and_the_grace() {
    let mut fresh = bought_out();
    let written_at = at(crate::samples::BUYOUT_SEC + 81);
    let rental = rental_of(&mut fresh);
    rental.transitions[1].created_at = written_at;
    rental.now = written_at + TimeDelta::seconds(64);
    hold_stands(&mut fresh);
    let billing = billing_of(&mut fresh);
    billing.attempts.pop();
    billing.paid = 20;
    billing.next_bill_at = Some(written_at);
    let order = order_of(&mut fresh);
    order.entries.pop();
    order.taken = 20;
    order.held = 480;
    breaks_when(&AT_REST, fresh.clone(), &[2, 12], |books| {
        rental_of(books).now += TimeDelta::seconds(1);
    });
    let doctors: [(u8, Doctor); 3] = [
        (16, lease_in_billing),
        (16, |books| {
            let now = billing_of(books).now;
            let mut charge = attempt(11, 4_980, None, "OPEN", 0);
            charge.created_at = now;
            billing_of(books).attempts.push(charge);
        }),
        (13, |books| {
            *billing_of(books) = active().billing.unwrap();
            let billing = billing_of(books);
            billing.now = billing.now.max(at(crate::samples::BUYOUT_SEC));
            billing.set_aside_at = Some(billing.now);
        }),
    ];
    for (law, doctor) in doctors {
        breaks_when(&AT_REST, fresh.clone(), &[law], doctor);
    }
}

#[test]
fn a_buyout_that_nobody_wrote_down_breaks_law_16_at_rest_only() {
    let bought_out = |books: &mut Books| {
        let now = at(crate::samples::BUYOUT_SEC + 81);
        rental_of(books).now = now;
        let billing = billing_of(books);
        billing.now = now;
        billing
            .attempts
            .push(attempt(11, 4_980, None, "SUCCEEDED", 300_000));
        billing.paid = 5_000;
        let order = order_of(books);
        order
            .entries
            .push(crate::samples::entry("clear", 11, 4_980));
        order.taken = 5_000;
        order.held = 0;
    };
    breaks_when(&ANY_MOMENT, active(), &[], bought_out);
    breaks_when(&AT_REST, active(), &[16], bought_out);
}
