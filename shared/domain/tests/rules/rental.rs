//! How a rental runs and ends, and what a user sees of it.

mod properties;

use crate::{a_nanosecond_before, amount, at, example_price, price, running, start};
use domain::{Amount, End, EndStatus, Moment, RentalStatus, Running, View, whole_seconds};

const MINUTE: i64 = 60;

/// At 60 an hour, 5 minutes free, bought out at 90: when the 90th unit begins.
const BUYOUT_SECOND: i64 = 89 * MINUTE + 1;

fn rental() -> Running {
    running(price(60, 5, 90))
}

fn finished(seconds: i64, total: i64) -> End {
    End {
        status: EndStatus::Finished,
        finished_at: at(seconds),
        total_amount: amount(total),
    }
}

fn bought_out(seconds: i64, total: i64) -> End {
    End {
        status: EndStatus::Buyout,
        finished_at: at(seconds),
        total_amount: amount(total),
    }
}

fn active(total: i64, duration_minutes: i64) -> View {
    View {
        status: RentalStatus::Active,
        finished_at: None,
        total_amount: amount(total),
        duration_minutes,
    }
}

// The API's examples.

#[test]
fn a_rental_of_45_minutes_at_60_an_hour_shows_45() {
    let view = running(example_price()).view_at(at(45 * MINUTE));
    assert_eq!(view, active(45, 45));
}

#[test]
fn a_stop_after_90_minutes_at_60_an_hour_costs_90() {
    let rental = running(example_price());
    let end = rental.end_at(at(90 * MINUTE));
    assert_eq!(end, finished(90 * MINUTE, 90));
    assert_eq!(
        rental.view_ended(end),
        View {
            status: RentalStatus::Finished,
            finished_at: Some(at(90 * MINUTE)),
            total_amount: amount(90),
            duration_minutes: 90,
        }
    );
}

// Seconds and minutes.

#[test]
fn a_stop_at_the_last_free_second_costs_nothing() {
    assert_eq!(rental().end_at(at(300)), finished(300, 0));
}

#[test]
fn a_stop_at_the_first_second_past_the_free_period_costs_the_whole_duration() {
    assert_eq!(rental().end_at(at(301)), finished(301, 6));
}

#[test]
fn a_fraction_of_a_second_past_the_free_period_is_dropped() {
    assert_eq!(
        rental().end_at(a_nanosecond_before(at(301))),
        finished(300, 0)
    );
    assert_eq!(rental().due_at(a_nanosecond_before(at(301))), Amount::ZERO);
}

#[test]
fn a_moment_before_1970_loses_its_fraction_downwards_too() {
    let moment: Moment = "1969-12-31T23:59:58.250Z".parse().unwrap();
    assert_eq!(
        whole_seconds(moment),
        "1969-12-31T23:59:58Z".parse::<Moment>().unwrap()
    );
}

#[test]
fn a_stop_before_the_start_ends_at_the_start_and_costs_nothing() {
    for seconds in [-1, -86_400] {
        assert_eq!(rental().end_at(at(seconds)), finished(0, 0));
        assert_eq!(rental().view_at(at(seconds)), active(0, 0));
    }
}

#[test]
fn a_stop_a_fraction_before_the_start_ends_at_the_start() {
    assert_eq!(
        rental().end_at(a_nanosecond_before(start())),
        finished(0, 0)
    );
}

#[test]
fn a_stop_at_the_start_costs_nothing() {
    let without_free_period = running(price(60, 0, 90));
    assert_eq!(without_free_period.end_at(start()), finished(0, 0));
}

#[test]
fn the_shown_minutes_are_rounded_down() {
    let minutes = |seconds| rental().view_at(at(seconds)).duration_minutes;
    assert_eq!(minutes(0), 0);
    assert_eq!(minutes(59), 0);
    assert_eq!(minutes(60), 1);
    assert_eq!(minutes(119), 1);
    assert_eq!(minutes(120), 2);
}

#[test]
fn the_shown_minutes_of_a_negative_duration_are_none() {
    assert_eq!(rental().view_at(at(-1)).duration_minutes, 0);
}

#[test]
fn an_end_written_before_the_start_shows_no_minutes() {
    assert_eq!(rental().view_ended(finished(-61, 0)).duration_minutes, 0);
}

// The buyout.

#[test]
fn the_buyout_is_the_first_second_that_costs_it() {
    assert_eq!(rental().buyout_at(), Some(at(BUYOUT_SECOND)));
}

#[test]
fn the_buyouts_first_second_lies_past_the_free_period() {
    // At 100 a second the buyout would be reached in the first second.
    let dear = running(price(360_000, 5, 90));
    assert_eq!(dear.buyout_at(), Some(at(301)));
    assert_eq!(dear.end_at(at(300)), finished(300, 0));
    assert_eq!(dear.end_at(at(301)), bought_out(301, 90));
}

#[test]
fn a_stop_at_the_very_second_of_the_buyout_is_a_buyout() {
    assert_eq!(
        rental().end_at(at(BUYOUT_SECOND)),
        bought_out(BUYOUT_SECOND, 90)
    );
}

#[test]
fn a_stop_within_the_second_of_the_buyout_is_a_buyout_at_the_whole_second() {
    let within = a_nanosecond_before(at(BUYOUT_SECOND + 1));
    assert_eq!(rental().end_at(within), bought_out(BUYOUT_SECOND, 90));
}

#[test]
fn a_stop_a_second_before_the_buyout_is_finished() {
    assert_eq!(
        rental().end_at(at(BUYOUT_SECOND - 1)),
        finished(BUYOUT_SECOND - 1, 89)
    );
}

#[test]
fn a_stop_a_fraction_before_the_buyout_is_finished() {
    assert_eq!(
        rental().end_at(a_nanosecond_before(at(BUYOUT_SECOND))),
        finished(BUYOUT_SECOND - 1, 89)
    );
}

#[test]
fn a_stop_long_after_the_buyout_is_a_buyout_at_its_moment() {
    assert_eq!(
        rental().end_at(at(86_400 * 365)),
        bought_out(BUYOUT_SECOND, 90)
    );
}

#[test]
fn an_active_rental_reads_as_active_until_a_second_before_the_buyout() {
    assert_eq!(rental().view_at(at(BUYOUT_SECOND - 1)), active(89, 89));
}

#[test]
fn an_active_rental_past_its_buyout_reads_as_buyout() {
    let expected = View {
        status: RentalStatus::Buyout,
        finished_at: Some(at(BUYOUT_SECOND)),
        total_amount: amount(90),
        duration_minutes: 89,
    };
    assert_eq!(rental().view_at(at(BUYOUT_SECOND)), expected);
    assert_eq!(rental().view_at(at(BUYOUT_SECOND + 1)), expected);
    assert_eq!(rental().view_at(at(86_400 * 365)), expected);
    assert_eq!(rental().view_ended(bought_out(BUYOUT_SECOND, 90)), expected);
}

#[test]
fn a_rental_at_a_price_of_0_is_never_bought_out() {
    let free = running(price(0, 0, 1));
    assert_eq!(free.buyout_at(), None);
    assert_eq!(free.end_at(at(86_400 * 365)), finished(86_400 * 365, 0));
    assert_eq!(free.view_at(Moment::MAX_UTC).status, RentalStatus::Active);
}

#[test]
fn a_buyout_that_no_calendar_reaches_never_comes() {
    let slow = running(price(1, 0, i64::MAX));
    assert_eq!(slow.buyout_at(), None);
    assert_eq!(slow.end_at(Moment::MAX_UTC).status, EndStatus::Finished);
}

#[test]
fn the_ends_of_time_do_not_wrap() {
    for started_at in [Moment::MIN_UTC, start(), whole_seconds(Moment::MAX_UTC)] {
        for price in [
            price(0, 0, 1),
            example_price(),
            price(i64::MAX, i32::MAX, i64::MAX),
        ] {
            let rental = Running { started_at, price };
            for moment in [Moment::MIN_UTC, start(), Moment::MAX_UTC] {
                let end = rental.end_at(moment);
                assert!(end.finished_at >= started_at);
                assert!(end.total_amount <= price.buyout());
                assert!(rental.view_at(moment).duration_minutes >= 0);
            }
        }
    }
}

#[test]
fn an_amount_is_due_from_its_moment_on() {
    let rental = running(example_price());
    assert_eq!(rental.moment_due(Amount::ZERO), Some(start()));
    assert_eq!(rental.moment_due(amount(6)), Some(at(301)));
    assert_eq!(rental.moment_due(amount(7)), Some(at(361)));
    assert_eq!(rental.moment_due(amount(5001)), None);
}
