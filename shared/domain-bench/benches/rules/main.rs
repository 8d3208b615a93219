//! What the rules cost by themselves: a request's part and a tick's, on the inputs of the API's
//! examples. `make bench-pure` runs it; `cargo bench -p domain-bench -- tick` runs what has "tick" in
//! its name, and criterion's own options work after the `--`.

#![expect(
    clippy::unwrap_used,
    reason = "what a benchmark sets up itself is there, or it fails"
)]

mod accounts;
mod events;
mod ids;
mod rentals;

use chrono::TimeDelta;
use criterion::Criterion;
use domain::{Amount, Moment, Price, Running};
use std::time::Duration;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    ids::bench(&mut criterion);
    rentals::bench(&mut criterion);
    events::bench(&mut criterion);
    accounts::bench(&mut criterion);
    criterion.final_summary();
}

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

/// 60 an hour, 5 minutes free, bought out at 5000: a unit falls due each minute.
fn running() -> Running {
    Running {
        started_at: "2025-11-29T10:00:00Z".parse().unwrap(),
        price: Price::new(amount(60), 5, amount(5000)).unwrap(),
    }
}

/// So many seconds after the start, and a fraction of one, as databases tell the time.
fn at(seconds: i64) -> Moment {
    let later = TimeDelta::seconds(seconds).checked_add(&TimeDelta::microseconds(123_456));
    running()
        .started_at
        .checked_add_signed(later.unwrap())
        .unwrap()
}
