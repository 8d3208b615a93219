//! Two readings of one rental.

use crate::samples::{active, at, billing_of, order_of, rental_of};

#[test]
fn books_in_which_only_time_has_passed_stand_still() {
    let mut later = active();
    rental_of(&mut later).now = at(9_000);
    let billing = billing_of(&mut later);
    billing.now = at(9_000);
    billing.lease_until = Some(at(9_020));
    assert!(active().are_still(&later));
}

#[test]
fn books_in_which_anything_was_written_have_moved() {
    let mut paid = active();
    billing_of(&mut paid).paid += 1;
    let mut taken = active();
    order_of(&mut taken).taken += 1;
    let mut held = active();
    rental_of(&mut held).hold_status = "RELEASING".to_owned();
    let mut leased = active();
    billing_of(&mut leased).lease_token = Some(crate::samples::id(50));
    for later in [paid, taken, held, leased] {
        assert!(!active().are_still(&later));
    }
}
