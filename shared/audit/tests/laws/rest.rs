//! Doctored holds, rests and loose ends: laws 10, 15 and 16.

use crate::samples::{
    active, at, attempt, billing_of, failed, finished, indebted, order_of, rental_of,
};
use crate::{breaks, breaks_when};
use audit::{Books, When};

const AT_REST: [When; 1] = [When::AtRest];
const ANY_MOMENT: [When; 1] = [When::AnyMoment];

#[test]
fn a_released_hold_that_still_holds_breaks_law_10() {
    breaks(finished(), &[10], |books| order_of(books).held = 456);
}

#[test]
fn a_hold_that_stands_after_a_settled_end_breaks_law_10_at_rest_only() {
    let stands = |books: &mut Books| {
        let rental = rental_of(books);
        rental.hold_status = "HELD".to_owned();
        rental.release_id = None;
        let order = order_of(books);
        order.entries.pop();
        order.held = 456;
    };
    breaks_when(&ANY_MOMENT, finished(), &[], stands);
    breaks_when(&AT_REST, finished(), &[10], stands);
    breaks_when(&ANY_MOMENT, failed(), &[], stands);
    breaks_when(&AT_REST, failed(), &[10], stands);
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
    breaks(owed.clone(), &[15], |books| {
        let debt = billing_of(books).debt.as_mut().unwrap();
        debt.next_try_at = at(1_390);
    });
    breaks(owed, &[15], |books| {
        let debt = billing_of(books).debt.as_mut().unwrap();
        debt.failures = 0;
    });
}

#[test]
fn a_loose_end_breaks_law_16_at_rest_only() {
    type Doctor = fn(&mut Books);
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
fn a_flagged_rental_is_no_loose_end() {
    breaks(active(), &[], |books| {
        rental_of(books).flagged_at = Some(at(1_000));
        billing_of(books).now = at(5_000);
    });
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
