//! The audit itself: books that are in order pass, and one that is minimally out of order is
//! reported under its law.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on says so"
)]

mod billed;
mod in_order;
mod lives;
mod moving;
mod report;
mod rest;
mod samples;
mod told;

use audit::{Books, Law, Rules, When, check};
use std::collections::BTreeSet;

/// The numbers of the laws that books break.
fn broken(books: &Books, when: When) -> Vec<u8> {
    let findings = check(books, Rules::default(), when);
    for (law, what) in &findings.broken {
        assert!(findings.met.contains(law), "{law} is broken unseen: {what}");
        assert!(!what.is_empty(), "{law}");
    }
    findings
        .broken_laws()
        .into_iter()
        .map(Law::number)
        .collect()
}

/// The numbers of the laws that have something to say about books.
fn met(books: &Books, when: When) -> BTreeSet<u8> {
    let findings = check(books, Rules::default(), when);
    findings.met.into_iter().map(Law::number).collect()
}

/// Asserts that books in order break nothing, and exactly these laws after they were doctored,
/// whenever they are looked at.
#[track_caller]
fn breaks(books: Books, laws: &[u8], doctor: impl FnOnce(&mut Books)) {
    breaks_when(&[When::AnyMoment, When::AtRest], books, laws, doctor);
}

#[track_caller]
fn breaks_when(whens: &[When], books: Books, laws: &[u8], doctor: impl FnOnce(&mut Books)) {
    let mut doctored = books.clone();
    doctor(&mut doctored);
    assert_ne!(books, doctored, "nothing was doctored");
    for when in whens {
        let what = check(&books, Rules::default(), *when).broken;
        assert!(what.is_empty(), "{when:?}: {what:?}");
        let what = check(&doctored, Rules::default(), *when).broken;
        assert_eq!(broken(&doctored, *when), laws, "{when:?}: {what:?}");
    }
}
