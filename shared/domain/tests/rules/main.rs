//! The rules of rentals and their money, each edge by name, and what must hold for all inputs.
//!
//! proptest's variables work: `PROPTEST_CASES=100000` searches longer, `PROPTEST_RNG_SEED=` repeats
//! a run that failed.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "test builds check for overflow, and an overflow here should fail the test"
)]
#![expect(
    clippy::unwrap_used,
    reason = "what a test sets up itself is there, or the test fails"
)]

mod billing;
mod debt;
mod event;
mod idempotency;
mod ids;
mod pricing;
mod rental;
mod states;

use chrono::TimeDelta;
use domain::{Account, Amount, AttemptKind, Debt, Moment, Price, Running, Tick};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use std::hash::{BuildHasher, RandomState};
use uuid::Uuid;

/// When the rentals of these tests start.
fn start() -> Moment {
    "2025-11-29T10:00:00Z".parse().unwrap()
}

/// `seconds` after the start.
fn at(seconds: i64) -> Moment {
    start() + TimeDelta::seconds(seconds)
}

fn a_nanosecond_before(moment: Moment) -> Moment {
    moment - TimeDelta::nanoseconds(1)
}

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

fn price(per_hour: i64, free_period_min: i32, buyout: i64) -> Price {
    Price::new(amount(per_hour), free_period_min, amount(buyout)).unwrap()
}

/// The price in the API's examples: 60 an hour, 5 minutes free, bought out at 5000: after 300,000
/// seconds.
fn example_price() -> Price {
    price(60, 5, 5000)
}

fn running(price: Price) -> Running {
    Running {
        started_at: start(),
        price,
    }
}

/// The books of an ACTIVE rental at the examples' price, of which nothing is billed.
fn unbilled() -> Account {
    Account {
        running: running(example_price()),
        finished_at: None,
        paid: Amount::ZERO,
        open: None,
        debt: None,
        written_off: Amount::ZERO,
        refunded: Amount::ZERO,
    }
}

/// A debt that arose at `opened_at` and was not tried yet.
fn debt_of(units: i64, opened_at: Moment) -> Debt {
    Debt::opened(amount(units), opened_at)
}

/// A tick with the grace of 5 seconds, steps of 100, and debts that grow 30 days old.
fn tick_at(now: Moment) -> Tick {
    Tick {
        now,
        grace: TimeDelta::seconds(5),
        debt_charge_step: amount(100),
        debt_max_age: TimeDelta::days(30),
    }
}

/// Whether the tick between `before` and `after` opened an attempt.
fn is_new_attempt(before: Account, after: Account) -> bool {
    before.open.is_none() && after.open.is_some()
}

/// The debt, and what of it is in an open collection.
fn owed(account: &Account) -> i64 {
    let debt = account.debt.map_or(0, |debt| debt.amount.units());
    let collecting = account
        .open
        .filter(|attempt| attempt.kind != AttemptKind::Charge)
        .map_or(0, |attempt| attempt.amount.units());
    debt + collecting
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// So many cases, unless `PROPTEST_CASES` says otherwise. A failure shows its seed, and writes
/// nothing to disk.
fn cases(cases: u32) -> ProptestConfig {
    let by_default = ProptestConfig::default();
    let seed = match by_default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    println!("PROPTEST_RNG_SEED={seed} repeats this run");
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..by_default
    }
}
