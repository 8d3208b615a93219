//! When the books of a rental are closed.

use super::{HOUR, charging_60, ended, plan, settle, settled};
use crate::{amount, at, debt_of, unbilled};
use domain::{Account, Outcome};

#[test]
fn an_ended_rental_that_is_billed_to_its_total_is_settled() {
    assert_eq!(settled().is_settled(), Ok(true));
    assert_eq!(ended(unbilled(), 300).is_settled(), Ok(true), "it was free");
}

#[test]
fn a_rental_that_runs_is_not_settled() {
    assert_eq!(unbilled().is_settled(), Ok(false));
}

#[test]
fn what_is_missing_in_excess_unknown_or_owed_keeps_the_books_open() {
    for open in [
        ended(settled(), HOUR + 60),
        ended(settled(), 900),
        ended(charging_60(), HOUR),
        ended(settle(charging_60(), Outcome::Declined, HOUR + 5), HOUR),
        Account {
            paid: amount(59),
            debt: Some(debt_of(1, at(HOUR))),
            ..settled()
        },
    ] {
        assert_eq!(open.is_settled(), Ok(false), "{open:?}");
    }
}

#[test]
fn a_refund_that_is_found_closes_the_books() {
    let refunded = plan(ended(settled(), 900), HOUR + 10);
    assert_eq!(refunded.is_settled(), Ok(true));
}
