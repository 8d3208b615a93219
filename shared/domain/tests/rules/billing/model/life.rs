//! What can happen to a rental's books, drawn at random.

use crate::price;
use chrono::TimeDelta;
use domain::Price;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) price: Price,
    pub(super) grace: TimeDelta,
    pub(super) debt_max_age: TimeDelta,
    /// By how much billing's clock is ahead of the start when it first hears of the rental.
    pub(super) clock_ahead: TimeDelta,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes.
    Wait(TimeDelta),
    /// A tick with this `DEBT_CHARGE_STEP`.
    Tick { debt_charge_step: i64, call: Call },
    /// A tick whose request gets lost, and then no tick for so long.
    Outage(TimeDelta),
    /// A request that was thought lost reaches the provider after all.
    LateRequest { is_covered: bool },
    /// Billing hears that the rental ended this long ago: less than nothing where the clock of
    /// db-rental is ahead. Once it ended, an operator moves its end back by this much.
    End { ago: TimeDelta },
    /// A person has the debt tried again.
    RetryDebt,
    /// A person gives the debt up.
    WriteOffDebt,
}

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The request reaches the provider.
    pub(super) is_heard: bool,
    /// The provider would take the money if it heard of the attempt for the first time.
    pub(super) is_covered: bool,
    /// The answer comes back.
    pub(super) is_answered: bool,
    /// There and back again.
    pub(super) takes: TimeDelta,
}

pub(super) const GOOD_CALL: Call = Call {
    is_heard: true,
    is_covered: true,
    is_answered: true,
    takes: TimeDelta::milliseconds(40),
};

pub(super) const LOST_CALL: Call = Call {
    is_heard: false,
    ..GOOD_CALL
};

fn microseconds(most_sec: i64) -> impl Strategy<Value = TimeDelta> {
    (0..=most_sec * 1_000_000).prop_map(TimeDelta::microseconds)
}

fn spans() -> impl Strategy<Value = TimeDelta> {
    let round = vec![1, 5, 30, 60, 120, 240, 3_600];
    prop_oneof![
        6 => microseconds(10),
        8 => microseconds(200),
        8 => microseconds(3_600),
        4 => prop::sample::select(round).prop_map(TimeDelta::seconds),
        1 => microseconds(200_000),
        1 => Just(TimeDelta::hours(23)),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    (
        prop::bool::weighted(0.75),
        prop::bool::weighted(0.5),
        prop::bool::weighted(0.75),
        (0_i64..=3_000).prop_map(TimeDelta::milliseconds),
    )
        .prop_map(|(is_heard, is_covered, is_answered, takes)| Call {
            is_heard,
            is_covered,
            is_answered,
            takes,
        })
}

fn steps() -> impl Strategy<Value = Step> {
    let charge_steps = prop_oneof![1_i64..=20, 1_i64..=200, Just(i64::MAX)];
    let past = prop_oneof![
        3 => (-300_i64..=300).prop_map(TimeDelta::seconds),
        2 => microseconds(7_200),
        1 => spans(),
    ];
    prop_oneof![
        8 => spans().prop_map(Step::Wait),
        20 => (charge_steps, calls())
            .prop_map(|(debt_charge_step, call)| Step::Tick { debt_charge_step, call }),
        1 => (82_700_i64..=82_900).prop_map(|seconds| Step::Outage(TimeDelta::seconds(seconds))),
        2 => any::<bool>().prop_map(|is_covered| Step::LateRequest { is_covered }),
        1 => past.prop_map(|ago| Step::End { ago }),
        1 => Just(Step::RetryDebt),
        1 => Just(Step::WriteOffDebt),
    ]
}

pub(super) fn lives() -> impl Strategy<Value = Life> {
    (
        (
            prop_oneof![1 => Just(0), 9 => 1_i64..=120, 9 => 1_i64..=5_000],
            prop_oneof![Just(0), 0_i32..=40],
            prop_oneof![1 => 1_i64..=50, 3 => 1_i64..=3_000],
        )
            .prop_map(|(per_hour, free, buyout)| price(per_hour, free, buyout)),
        prop_oneof![Just(5_000), 0_i64..=10_000].prop_map(TimeDelta::milliseconds),
        prop::sample::select(vec![1, 24, 30 * 24]).prop_map(TimeDelta::hours),
        (-300_000_i64..=300_000).prop_map(TimeDelta::milliseconds),
        prop::collection::vec(steps(), 0..=80),
    )
        .prop_map(|(price, grace, debt_max_age, clock_ahead, steps)| Life {
            price,
            grace,
            debt_max_age,
            clock_ahead,
            steps,
        })
}
