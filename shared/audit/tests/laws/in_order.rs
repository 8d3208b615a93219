//! Books that are in order break no law, and a law is only counted where it had something to say.

use crate::samples::{
    active, billing_of, bought_out, failed, finished, indebted, overpaid, pending, rental_of,
    written_off,
};
use crate::{broken, met};
use audit::{Books, Rules, When, check};
use std::collections::BTreeSet;

fn all() -> [Books; 8] {
    [
        pending(),
        failed(),
        active(),
        finished(),
        bought_out(),
        indebted(),
        overpaid(),
        written_off(),
    ]
}

#[test]
fn books_in_order_break_no_law_at_any_moment() {
    for books in all() {
        let findings = check(&books, Rules::default(), When::AnyMoment);
        assert!(findings.are_clean(), "{:?}", findings.broken);
    }
}

#[test]
fn books_in_order_break_no_law_at_rest_but_for_a_start_that_still_waits() {
    for books in all().into_iter().skip(1) {
        let findings = check(&books, Rules::default(), When::AtRest);
        assert!(findings.are_clean(), "{:?}", findings.broken);
    }
    assert_eq!(broken(&pending(), When::AtRest), [16]);
}

#[test]
fn without_a_ledger_books_in_order_break_no_law_either() {
    for mut books in all().into_iter().skip(1) {
        books.ledger = None;
        let laws = met(&books, When::AtRest);
        assert!(!laws.contains(&1) && !laws.contains(&6), "{laws:?}");
        assert!(broken(&books, When::AtRest).is_empty());
    }
}

#[test]
fn a_law_is_counted_only_where_its_premise_is_met() {
    let whens = [When::AnyMoment, When::AtRest];
    let counted: Vec<Vec<u8>> = all()
        .iter()
        .flat_map(|books| whens.map(|when| met(books, when).into_iter().collect()))
        .collect();
    let expected: [&[u8]; 16] = [
        // Begun: its quote, its hold and nothing else.
        &[6, 7, 9],
        &[6, 7, 9, 16],
        // Failed.
        &[6, 8, 9, 10, 11, 14],
        &[6, 8, 9, 10, 11, 14, 16],
        // Running, and charged once.
        &[1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14],
        &[1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 16],
        // Ended; charged twice, so that the second charge had to wait for the first.
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16],
        // Bought out.
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16],
        // Collected.
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        // Owed back.
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16],
        // Given up, after one charge that took nothing.
        &[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14],
        &[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 16],
    ];
    assert_eq!(counted, expected);
}

#[test]
fn what_is_set_aside_is_counted_and_named_and_no_violation() {
    let mut books = active();
    let billing = billing_of(&mut books);
    billing.set_aside_at = Some(billing.now);
    billing.set_aside_reason = Some("the sums overflow".to_owned());
    // Nobody bills it any more.
    billing.now += chrono::TimeDelta::hours(3);
    let findings = check(&books, Rules::default(), When::AtRest);
    assert!(findings.are_clean(), "{:?}", findings.broken);
    assert_eq!(findings.set_aside, ["billing: the sums overflow"]);
    assert_eq!(
        met(&books, When::AtRest),
        BTreeSet::from([1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 16, 17])
    );
}

#[test]
fn a_start_or_a_hold_that_stayed_unknown_for_23_hours_is_named_and_no_violation() {
    let mut start = pending();
    rental_of(&mut start).now += chrono::TimeDelta::hours(24);
    let mut hold = failed();
    let rental = rental_of(&mut hold);
    rental.hold_status = "REQUESTED".to_owned();
    rental.release_id = None;
    rental.now += chrono::TimeDelta::hours(24);
    hold.ledger = Some(audit::LedgerRows::default());
    for (books, named) in [(start, "the start"), (hold, "the hold")] {
        let findings = check(&books, Rules::default(), When::AtRest);
        assert!(findings.are_clean(), "{:?}", findings.broken);
        assert_eq!(findings.left_to_a_person, [named]);
    }
}

#[test]
fn an_attempt_that_stayed_unknown_for_23_hours_is_named_and_no_violation() {
    let mut books = finished();
    let billing = billing_of(&mut books);
    billing.attempts[1].status = "OPEN".to_owned();
    billing.attempts[1].settled_at = None;
    billing.paid = 20;
    billing.now += chrono::TimeDelta::hours(24);
    let rental = rental_of(&mut books);
    rental.hold_status = "HELD".to_owned();
    rental.release_id = None;
    crate::samples::order_of(&mut books).entries.pop();
    let findings = check(&books, Rules::default(), When::AtRest);
    assert!(findings.are_clean(), "{:?}", findings.broken);
    assert_eq!(findings.left_to_a_person.len(), 1);
}
