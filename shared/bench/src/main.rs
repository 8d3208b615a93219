//! How fast the functions are: each one's optimized process beside a *floor*, a bare function that
//! makes the same round trips to the same databases and outside systems. Both are measured in the
//! same run, in turn, so that what the machine does at that moment hits both.
//!
//! Ratios carry over to other machines; milliseconds do not.

#![expect(
    clippy::float_arithmetic,
    reason = "ratios of durations; no money is computed here"
)]

mod cold;
mod cost;
mod counters;
mod endpoint;
mod full;
mod life;
mod pair;
mod plot;
mod progress;
mod report;
mod stage;
mod stubs;
mod summary;
mod table;
mod target;
mod tick;
mod together;
mod warm;

use anyhow::Result;
use clap::{Parser, value_parser};
use std::path::PathBuf;

/// Measures the functions beside a bare function that makes the same round trips.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many pairs of blocks, ours and the floor's in turn.
    #[arg(long, env = "PAIRS", default_value_t = 20, value_parser = value_parser!(u64).range(10..))]
    pairs: u64,
    /// How many rentals a block plays.
    #[arg(long, env = "ROUNDS", default_value_t = 40, value_parser = value_parser!(u64).range(1..))]
    rounds: u64,
    /// Over how many ACTIVE rentals ticks are measured; of each, a tenth, half and all are due.
    #[arg(
        long,
        env = "TICK_RENTALS",
        value_delimiter = ',',
        default_value = "1000,10000,100000"
    )]
    tick_rentals: Vec<u32>,
    /// How many attempts there were before, over all ACTIVE rentals.
    #[arg(long, env = "TICK_ATTEMPTS", default_value_t = 1_000_000)]
    tick_attempts: u32,
    /// Where the figures go, as JSON and as a plot.
    #[arg(long, env = "BENCH_OUT", default_value = "target/bench")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let stage = stage::Stage::build().await?;
    let cold = cold::measure(&stage, arguments.pairs).await?;
    let warm = warm::measure(&stage, arguments.pairs, arguments.rounds).await?;
    let stubs = stubs::measure(&stage).await?;
    drop(stage);
    let mut ticks = Vec::new();
    for active in arguments.tick_rentals {
        for case in tick::cases(active, arguments.tick_attempts) {
            ticks.push(tick::measure(case).await?);
        }
    }
    let together = together::measure(arguments.tick_attempts).await?;
    let report = report::Report::of(cold, warm, stubs, ticks, together)?;
    println!("{}", table::of(&report));
    report.save(&arguments.out)
}
