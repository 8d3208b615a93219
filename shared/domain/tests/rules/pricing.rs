//! How seconds turn into money.

use crate::{amount, cases, example_price, price};
use domain::{Amount, MoneyError, Price, TermsError};
use proptest::prelude::*;
use serde_json::json;

const MINUTE: i64 = 60;

fn due(price: Price, seconds: i64) -> i64 {
    price.due_rounded_up(seconds).units()
}

// The API's examples.

#[test]
fn the_45th_minute_at_60_an_hour_costs_45() {
    assert_eq!(due(example_price(), 45 * MINUTE), 45);
}

#[test]
fn the_90th_minute_at_60_an_hour_costs_90() {
    assert_eq!(due(example_price(), 90 * MINUTE), 90);
}

// The free period.

#[test]
fn the_start_costs_nothing() {
    assert_eq!(due(example_price(), 0), 0);
}

#[test]
fn the_last_free_second_costs_nothing() {
    assert_eq!(due(example_price(), 5 * MINUTE), 0);
}

#[test]
fn the_first_second_past_the_free_period_charges_the_whole_duration() {
    assert_eq!(due(example_price(), 5 * MINUTE + 1), 6);
}

#[test]
fn without_a_free_period_the_first_second_costs() {
    assert_eq!(due(price(60, 0, 5000), 0), 0);
    assert_eq!(due(price(60, 0, 5000), 1), 1);
}

#[test]
fn the_longest_free_period_does_not_wrap() {
    let longest = price(3600, i32::MAX, i64::MAX);
    let last_free = i64::from(i32::MAX) * MINUTE;
    assert_eq!(due(longest, last_free), 0);
    assert_eq!(due(longest, last_free + 1), last_free + 1);
}

#[test]
fn a_subscription_raises_a_shorter_free_period_to_30_minutes() {
    let subscribed = example_price().with_free_period_of_at_least(30);
    assert_eq!(subscribed, price(60, 30, 5000));
    assert_eq!(due(subscribed, 30 * MINUTE), 0);
    assert_eq!(due(subscribed, 30 * MINUTE + 1), 31);
}

#[test]
fn a_subscription_does_not_shorten_a_longer_free_period() {
    let generous = price(60, 31, 5000);
    assert_eq!(generous.with_free_period_of_at_least(30), generous);
}

#[test]
fn a_negative_free_period_is_refused() {
    let refused = Price::new(amount(60), -1, amount(5000));
    assert_eq!(refused, Err(TermsError::FreePeriod(-1)));
}

// Begun units.

#[test]
fn a_begun_unit_is_charged_whole() {
    let unit_a_minute = price(60, 0, 5000);
    assert_eq!(due(unit_a_minute, 59), 1);
    assert_eq!(due(unit_a_minute, 61), 2);
}

#[test]
fn a_unit_that_is_exactly_over_begins_no_other() {
    let unit_a_minute = price(60, 0, 5000);
    assert_eq!(due(unit_a_minute, 60), 1);
    assert_eq!(due(unit_a_minute, 120), 2);
}

#[test]
fn a_fraction_of_a_unit_smaller_than_any_float_still_begins_it() {
    // 2^53 seconds at 3601 an hour: the sum is 2^53 + 2^53 / 3600, and 64-bit floats lose its end.
    let seconds = 1_i64 << 53;
    assert_eq!(
        due(price(3601, 0, i64::MAX), seconds),
        seconds + seconds / 3600 + 1
    );
}

// Nothing, and less.

#[test]
fn a_price_of_0_never_costs() {
    let free = price(0, 5, 5000);
    assert_eq!(due(free, 5 * MINUTE + 1), 0);
    assert_eq!(due(free, i64::MAX), 0);
}

#[test]
fn a_price_of_0_never_makes_anything_due() {
    assert_eq!(price(0, 0, 5000).first_second_due(Amount::ONE), None);
    assert_eq!(price(0, 0, 1).first_second_due(amount(1)), None);
}

#[test]
fn a_negative_duration_costs_nothing() {
    for free_period_min in [0, 5] {
        assert_eq!(due(price(60, free_period_min, 5000), -1), 0);
        assert_eq!(due(price(i64::MAX, free_period_min, 5000), i64::MIN), 0);
    }
}

// The cap.

#[test]
fn the_total_reaches_the_buyout_and_stays_there() {
    let capped = price(60, 5, 90);
    assert_eq!(due(capped, 89 * MINUTE), 89);
    assert_eq!(due(capped, 89 * MINUTE + 1), 90);
    assert_eq!(due(capped, 90 * MINUTE), 90);
    assert_eq!(due(capped, 90 * MINUTE + 1), 90);
    assert_eq!(due(capped, i64::MAX), 90);
}

#[test]
fn a_unit_that_would_jump_over_the_buyout_is_capped() {
    assert_eq!(due(price(1000 * 3600, 0, 1500), 2), 1500);
}

#[test]
fn a_buyout_of_0_is_refused() {
    let refused = Price::new(amount(60), 5, Amount::ZERO);
    assert_eq!(refused, Err(TermsError::Buyout));
}

// Huge values.

#[test]
fn the_highest_price_for_the_longest_time_does_not_wrap() {
    assert_eq!(due(price(i64::MAX, 0, i64::MAX), i64::MAX), i64::MAX);
    assert_eq!(due(price(i64::MAX, 5, 5000), i64::MAX), 5000);
}

#[test]
fn the_highest_price_for_a_second_is_exact() {
    // 9,223,372,036,854,775,807 / 3600 = 2,562,047,788,015,215.5…
    assert_eq!(due(price(i64::MAX, 0, i64::MAX), 1), 2_562_047_788_015_216);
}

#[test]
fn the_longest_time_at_a_price_of_1_is_exact() {
    assert_eq!(due(price(1, 0, i64::MAX), i64::MAX), 2_562_047_788_015_216);
}

#[test]
fn a_total_one_above_what_64_bits_hold_is_capped() {
    // 3600 an hour is one a second: i64::MAX seconds just fit.
    assert_eq!(due(price(3600, 0, i64::MAX), i64::MAX), i64::MAX);
    assert_eq!(due(price(3600, 0, i64::MAX - 1), i64::MAX), i64::MAX - 1);
    assert_eq!(due(price(3601, 0, i64::MAX), i64::MAX), i64::MAX);
}

// The first second at which an amount is due.

#[test]
fn nothing_is_due_from_the_start() {
    assert_eq!(example_price().first_second_due(Amount::ZERO), Some(0));
    assert_eq!(price(0, 0, 1).first_second_due(Amount::ZERO), Some(0));
}

#[test]
fn amounts_that_the_free_period_covers_are_due_right_past_it() {
    for units in 1..=6 {
        assert_eq!(example_price().first_second_due(amount(units)), Some(301));
    }
    assert_eq!(example_price().first_second_due(amount(7)), Some(361));
}

#[test]
fn the_buyout_is_due_and_more_than_it_never_is() {
    assert_eq!(
        example_price().first_second_due(amount(5000)),
        Some(4999 * MINUTE + 1)
    );
    assert_eq!(example_price().first_second_due(amount(5001)), None);
    assert_eq!(example_price().first_second_due(amount(i64::MAX)), None);
}

#[test]
fn an_amount_that_the_free_period_outlasts_is_due_past_it() {
    assert_eq!(
        price(i64::MAX, i32::MAX, 1).first_second_due(amount(1)),
        Some(i64::from(i32::MAX) * MINUTE + 1)
    );
}

#[test]
fn an_amount_that_64_bits_of_seconds_do_not_reach_is_never_due() {
    let slow = price(1, 0, i64::MAX);
    assert_eq!(slow.first_second_due(amount(i64::MAX)), None);
    // The last amount that is ever due, and the one after it.
    let (last, first_second) = (2_562_047_788_015_216, 9_223_372_036_854_774_001);
    assert_eq!(slow.first_second_due(amount(last)), Some(first_second));
    assert_eq!(slow.first_second_due(amount(last + 1)), None);
}

#[test]
fn an_amount_due_a_second_after_the_last_that_64_bits_hold_is_never_due() {
    let slow = price(3599, 0, i64::MAX);
    let out_of_reach = 9_220_809_989_066_760_593;
    assert_eq!(due(slow, i64::MAX), out_of_reach - 1);
    assert_eq!(
        slow.first_second_due(amount(out_of_reach - 1)),
        Some(i64::MAX)
    );
    assert_eq!(slow.first_second_due(amount(out_of_reach)), None);
}

// Amounts.

#[test]
fn an_amount_is_never_negative() {
    assert_eq!(Amount::new(-1), Err(MoneyError::Negative(-1)));
    assert_eq!(Amount::new(i64::MIN), Err(MoneyError::Negative(i64::MIN)));
    assert_eq!(Amount::try_from(-1), Err(MoneyError::Negative(-1)));
    assert_eq!(Amount::new(0), Ok(Amount::ZERO));
}

#[test]
fn a_sum_of_amounts_does_not_wrap() {
    let most = amount(i64::MAX);
    assert_eq!(most.plus(Amount::ZERO), Ok(most));
    assert_eq!(most.plus(Amount::ONE), Err(MoneyError::Overflow));
    assert_eq!(most.plus(most), Err(MoneyError::Overflow));
}

#[test]
fn more_than_there_is_cannot_be_taken_away() {
    assert_eq!(amount(7).minus(amount(7)), Ok(Amount::ZERO));
    assert_eq!(amount(7).minus(amount(8)), Err(MoneyError::Negative(-1)));
    assert_eq!(
        Amount::ZERO.minus(amount(i64::MAX)),
        Err(MoneyError::Negative(-i64::MAX))
    );
}

#[test]
fn an_excess_is_what_lies_above_and_never_below_nothing() {
    assert_eq!(amount(7).excess_over(amount(5)), amount(2));
    assert_eq!(amount(5).excess_over(amount(5)), Amount::ZERO);
    assert_eq!(amount(5).excess_over(amount(7)), Amount::ZERO);
    assert_eq!(Amount::ZERO.excess_over(amount(i64::MAX)), Amount::ZERO);
}

#[test]
fn a_negative_amount_or_a_fraction_is_not_read() {
    assert!(serde_json::from_value::<Amount>(json!(-1)).is_err());
    assert!(serde_json::from_value::<Amount>(json!(1.5)).is_err());
    assert!(serde_json::from_value::<Amount>(json!("1")).is_err());
    assert!(serde_json::from_value::<Amount>(json!(9_223_372_036_854_775_808_u64)).is_err());
    assert_eq!(
        serde_json::from_value::<Amount>(json!(i64::MAX)).unwrap(),
        amount(i64::MAX)
    );
}

// For all prices.

fn units() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0_i64..=200,
        4 => 0_i64..=100_000,
        1 => 0_i64..=i64::MAX,
        1 => i64::MAX - 4000..=i64::MAX,
    ]
}

fn seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        1 => -100_i64..=0,
        4 => 0_i64..=10_000,
        4 => 0_i64..=10_000_000,
        1 => 0_i64..=i64::MAX,
        1 => i64::MAX - 4000..=i64::MAX,
    ]
}

fn free_periods() -> impl Strategy<Value = i32> {
    prop_oneof![2 => Just(0), 6 => 0_i32..=120, 1 => 0_i32..=i32::MAX, 1 => Just(i32::MAX)]
}

fn prices() -> impl Strategy<Value = Price> {
    (
        units(),
        free_periods(),
        units().prop_map(|buyout| buyout.max(1)),
    )
        .prop_map(|(per_hour, free_period_min, buyout)| price(per_hour, free_period_min, buyout))
}

/// Whether `units` is the smallest whole number not below the fraction `per_hour * seconds / 3600`:
/// `units >= fraction > units - 1`, multiplied out, where 128 bits hold every product exactly.
fn is_the_fraction_rounded_up(units: i64, per_hour: i64, seconds: i64) -> bool {
    let numerator = i128::from(per_hour) * i128::from(seconds);
    let units = i128::from(units);
    units * 3600 >= numerator && numerator > (units - 1) * 3600
}

/// Whether `per_hour * seconds / 3600` is more than `units - 1`, so that `units` have begun.
fn has_begun(units: i64, per_hour: i64, seconds: i64) -> bool {
    i128::from(per_hour) * i128::from(seconds) > (i128::from(units) - 1) * 3600
}

proptest! {
    #![proptest_config(cases(2048))]

    #[test]
    fn the_due_is_the_exact_fraction_rounded_up_and_capped(price in prices(), seconds in seconds()) {
        let (due, per_hour) = (due(price, seconds), price.price_per_hour().units());
        if seconds <= i64::from(price.free_period_min()) * MINUTE {
            prop_assert_eq!(due, 0);
        } else if due < price.buyout().units() {
            prop_assert!(is_the_fraction_rounded_up(due, per_hour, seconds), "due {}", due);
        } else {
            prop_assert_eq!(due, price.buyout().units());
            prop_assert!(has_begun(due, per_hour, seconds), "capped at {} too early", due);
        }
    }

    #[test]
    fn the_due_never_falls_as_time_passes(price in prices(), one in seconds(), other in seconds()) {
        prop_assert!(due(price, one.min(other)) <= due(price, one.max(other)));
    }

    #[test]
    fn the_due_is_never_above_the_buyout(price in prices(), seconds in seconds()) {
        prop_assert!(due(price, seconds) <= price.buyout().units());
    }

    #[test]
    fn a_dearer_hour_never_costs_less(price in prices(), more in units(), seconds in seconds()) {
        let dearer = Price::new(
            amount(price.price_per_hour().units().saturating_add(more)),
            price.free_period_min(),
            price.buyout(),
        ).unwrap();
        prop_assert!(due(price, seconds) <= due(dearer, seconds));
    }

    #[test]
    fn a_longer_free_period_never_costs_more(
        price in prices(),
        minutes in free_periods(),
        seconds in seconds(),
    ) {
        let longer = price.with_free_period_of_at_least(minutes);
        prop_assert!(longer.free_period_min() >= minutes);
        prop_assert!(longer.free_period_min() >= price.free_period_min());
        prop_assert!(due(longer, seconds) <= due(price, seconds));
    }

    #[test]
    fn the_first_second_due_is_really_the_first(price in prices(), units in units()) {
        match price.first_second_due(amount(units)) {
            Some(first) => {
                prop_assert!(first >= 0);
                prop_assert!(due(price, first) >= units, "not yet due at {}", first);
                prop_assert!(units == 0 || due(price, first - 1) < units, "due before {}", first);
            }
            None => prop_assert!(due(price, i64::MAX) < units, "due in the end"),
        }
    }

    #[test]
    fn the_first_second_of_what_is_due_is_not_later(price in prices(), seconds in seconds()) {
        let first = price.first_second_due(price.due_rounded_up(seconds));
        prop_assert!(first.is_some_and(|first| first <= seconds.max(0)), "{:?}", first);
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_walk_second_by_second_finds_the_same_dues(
        per_hour in prop_oneof![0_i64..=200, 0_i64..=20_000],
        free_period_min in 0_i32..=10,
        buyout in 1_i64..=200,
        length in 0_i64..=2000,
    ) {
        let price = price(per_hour, free_period_min, buyout);
        let mut begun = 0;
        let mut left_of_the_unit = 0; // in 3600ths
        let mut reached = 0;
        for second in 0..=length {
            if second > 0 {
                left_of_the_unit -= per_hour;
                while left_of_the_unit < 0 {
                    left_of_the_unit += 3600;
                    begun += 1;
                }
            }
            let is_free = second <= i64::from(free_period_min) * MINUTE;
            let expected = if is_free { 0 } else { begun.min(buyout) };
            prop_assert_eq!(due(price, second), expected, "at second {}", second);
            while reached < expected {
                reached += 1;
                prop_assert_eq!(price.first_second_due(amount(reached)), Some(second));
            }
        }
    }
}
