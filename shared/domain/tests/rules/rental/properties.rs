//! What holds for all rentals.

use crate::{a_nanosecond_before, amount, cases, price, running, start};
use chrono::TimeDelta;
use domain::{EndStatus, Moment, Price, RentalStatus, whole_seconds};
use proptest::prelude::*;

fn prices() -> impl Strategy<Value = Price> {
    (
        prop_oneof![0_i64..=10, 0_i64..=20_000, 0_i64..=i64::MAX],
        prop_oneof![Just(0), 0_i32..=90],
        prop_oneof![1_i64..=100, 1_i64..=10_000, 1_i64..=i64::MAX],
    )
        .prop_map(|(per_hour, free_period_min, buyout)| price(per_hour, free_period_min, buyout))
}

/// Nanoseconds after the start: mostly within days, at most within decades.
fn nanoseconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        1 => -1_000_000_000_000_i64..=0,
        3 => 0_i64..=10_000_000_000_000,
        3 => 0_i64..=1_000_000_000_000_000,
        1 => 0_i64..=1_000_000_000_000_000_000,
    ]
}

fn later(nanoseconds: i64) -> Moment {
    start() + TimeDelta::nanoseconds(nanoseconds)
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn a_rental_ends_and_reads_as_bought_out_from_its_moment_on_and_not_before(
        price in prices(),
        nanoseconds in nanoseconds(),
    ) {
        let rental = running(price);
        let moments = [
            Some(later(nanoseconds)),
            rental.buyout_at(),
            rental.buyout_at().map(a_nanosecond_before),
        ];
        for moment in moments.into_iter().flatten() {
            let (end, view) = (rental.end_at(moment), rental.view_at(moment));
            if rental.buyout_at().is_some_and(|buyout_at| buyout_at <= moment) {
                prop_assert_eq!(end.status, EndStatus::Buyout);
                prop_assert_eq!(Some(end.finished_at), rental.buyout_at());
                prop_assert_eq!(end.total_amount, price.buyout());
                prop_assert_eq!(view, rental.view_ended(end));
            } else {
                prop_assert_eq!(end.status, EndStatus::Finished);
                prop_assert!(end.total_amount < price.buyout());
                prop_assert_eq!(view.status, RentalStatus::Active);
                prop_assert_eq!(view.finished_at, None);
            }
        }
    }

    #[test]
    fn an_end_is_never_later_than_its_moment_and_costs_what_was_due_then(
        price in prices(),
        nanoseconds in nanoseconds(),
    ) {
        let (rental, moment) = (running(price), later(nanoseconds));
        let end = rental.end_at(moment);
        prop_assert!(end.finished_at <= moment.max(start()));
        prop_assert!(end.finished_at >= start());
        prop_assert_eq!(end.finished_at, whole_seconds(end.finished_at));
        prop_assert_eq!(end.total_amount, rental.due_at(end.finished_at));
        prop_assert_eq!(end.total_amount, rental.due_at(moment));
        prop_assert_eq!(end.total_amount, rental.view_at(moment).total_amount);
    }

    #[test]
    fn an_end_decided_again_at_its_own_moment_stays_the_same(
        price in prices(),
        nanoseconds in nanoseconds(),
    ) {
        let end = running(price).end_at(later(nanoseconds));
        prop_assert_eq!(running(price).end_at(end.finished_at), end);
    }

    #[test]
    fn all_fractions_of_one_second_read_alike(
        price in prices(),
        nanoseconds in nanoseconds(),
        fraction in 0_i64..1_000_000_000,
    ) {
        let rental = running(price);
        let second = whole_seconds(later(nanoseconds));
        let within = second + TimeDelta::nanoseconds(fraction);
        prop_assert_eq!(whole_seconds(within), second);
        prop_assert_eq!(rental.view_at(within), rental.view_at(second));
        prop_assert_eq!(rental.end_at(within), rental.end_at(second));
    }

    #[test]
    fn what_is_shown_never_goes_back(
        price in prices(),
        one in nanoseconds(),
        other in nanoseconds(),
    ) {
        let rental = running(price);
        let earlier = rental.view_at(later(one.min(other)));
        let later = rental.view_at(later(one.max(other)));
        prop_assert!(earlier.total_amount <= later.total_amount);
        prop_assert!(earlier.duration_minutes <= later.duration_minutes);
        prop_assert!(earlier.status == RentalStatus::Active || earlier == later);
    }

    #[test]
    fn an_amount_is_due_at_its_moment_and_not_a_nanosecond_before(
        price in prices(),
        units in 1_i64..=10_000,
    ) {
        let rental = running(price);
        if let Some(moment) = rental.moment_due(amount(units)) {
            prop_assert!(rental.due_at(moment) >= amount(units));
            prop_assert!(rental.due_at(a_nanosecond_before(moment)) < amount(units));
        } else {
            prop_assert!(rental.due_at(Moment::MAX_UTC) < amount(units));
        }
    }
}
