//! What is due, computed here once more: the audit does not trust the code that it audits.

use chrono::{DateTime, Utc};

/// A rental's price as it stands in the tables, in whole currency units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) price_per_hour: i64,
    pub(crate) free_period_min: i32,
    pub(crate) buyout: i64,
}

impl Price {
    /// What `seconds` of rental cost: nothing up to the end of the free period, past it each begun
    /// unit of the whole time, and the buyout at most.
    pub(crate) fn due(self, seconds: i128) -> i128 {
        let free_seconds = i128::from(self.free_period_min).saturating_mul(60);
        if seconds <= free_seconds.max(0) {
            return 0;
        }
        let per_hour = i128::from(self.price_per_hour).saturating_mul(seconds);
        let whole = per_hour.div_euclid(3_600);
        let begun = i128::from(per_hour.rem_euclid(3_600) != 0);
        whole.saturating_add(begun).min(i128::from(self.buyout))
    }

    /// What is due at `moment` of a rental that started at `started_at`.
    pub(crate) fn due_at(self, started_at: DateTime<Utc>, moment: DateTime<Utc>) -> i128 {
        self.due(seconds_between(started_at, moment))
    }

    /// The first second at which the buyout is due, found by halving: what is due never falls.
    /// None when it never comes.
    pub(crate) fn first_second_of_buyout(self) -> Option<i128> {
        let buyout = i128::from(self.buyout);
        // At one unit an hour it would be due by then; the free period may come on top.
        let free_seconds = i128::from(self.free_period_min).saturating_mul(60);
        let mut too_early: i128 = 0;
        let mut late_enough = buyout
            .saturating_mul(3_600)
            .saturating_add(free_seconds)
            .saturating_add(1);
        if self.due(late_enough) < buyout {
            return None;
        }
        while late_enough.saturating_sub(too_early) > 1 {
            let middle = too_early.saturating_add(late_enough).div_euclid(2);
            if self.due(middle) < buyout {
                too_early = middle;
            } else {
                late_enough = middle;
            }
        }
        Some(late_enough)
    }
}

/// Whole seconds from one moment to another; none where that is before.
pub(crate) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> i128 {
    i128::from(to.timestamp())
        .saturating_sub(i128::from(from.timestamp()))
        .max(0)
}

#[cfg(test)]
mod tests {
    use super::Price;
    use domain::Amount;
    use proptest::prelude::*;

    const EXAMPLE: Price = Price {
        price_per_hour: 60,
        free_period_min: 5,
        buyout: 5_000,
    };

    #[test]
    fn within_the_free_period_nothing_is_due_and_past_it_the_whole_time_counts() {
        assert_eq!(EXAMPLE.due(-1), 0);
        assert_eq!(EXAMPLE.due(300), 0);
        assert_eq!(EXAMPLE.due(301), 6);
        assert_eq!(EXAMPLE.due(2_640), 44);
        assert_eq!(EXAMPLE.due(2_641), 45);
    }

    #[test]
    fn the_buyout_is_the_most_and_comes_in_its_first_second() {
        assert_eq!(EXAMPLE.due(i128::from(i64::MAX)), 5_000);
        assert_eq!(EXAMPLE.first_second_of_buyout(), Some(4_999 * 60 + 1));
        let within_the_free_period = Price {
            price_per_hour: 3_600,
            free_period_min: 10,
            buyout: 7,
        };
        assert_eq!(within_the_free_period.first_second_of_buyout(), Some(601));
    }

    #[test]
    fn what_costs_nothing_is_never_bought_out() {
        let free = Price {
            price_per_hour: 0,
            ..EXAMPLE
        };
        assert_eq!(free.first_second_of_buyout(), None);
        assert_eq!(free.due(1_000_000), 0);
    }

    #[test]
    fn the_largest_numbers_there_are_do_not_wrap() {
        let huge = Price {
            price_per_hour: i64::MAX,
            free_period_min: i32::MAX,
            buyout: i64::MAX,
        };
        assert_eq!(huge.due(i128::from(i64::MAX)), i128::from(i64::MAX));
        assert_eq!(
            huge.first_second_of_buyout(),
            Some(i128::from(i32::MAX) * 60 + 1)
        );
    }

    /// Small numbers, where roundings and free periods meet, and the largest there are.
    fn number(least: i64) -> impl Strategy<Value = i64> {
        prop_oneof![least..10_000, least..=i64::MAX]
    }

    proptest! {
        #[test]
        fn the_audit_and_the_domain_come_to_the_same(
            price_per_hour in number(0),
            free_period_min in prop_oneof![0..120, 0..=i32::MAX],
            buyout in number(1),
            seconds in number(0),
        ) {
            let here = Price { price_per_hour, free_period_min, buyout };
            let amount = |units| Amount::new(units).unwrap();
            let price = domain::Price::new(amount(price_per_hour), free_period_min, amount(buyout));
            let there = price.unwrap();
            let due = there.due_rounded_up(seconds).units();
            prop_assert_eq!(here.due(i128::from(seconds)), i128::from(due));
            // The domain knows no second past the end of its numbers.
            let bought_out = here.first_second_of_buyout();
            let bought_out = bought_out.and_then(|second| i64::try_from(second).ok());
            prop_assert_eq!(bought_out, there.first_second_due(amount(buyout)));
        }
    }
}
