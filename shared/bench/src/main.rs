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
mod effort;
mod endpoint;
mod footprint;
mod full;
mod functions;
mod life;
mod pair;
mod plot;
mod progress;
mod report;
mod scale;
mod stage;
mod statements;
mod stubs;
mod summary;
mod table;
mod target;
mod tick;
mod together;
mod warm;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures the functions beside a bare function that makes the same round trips.
#[derive(Debug, Parser)]
struct Bench {
    #[command(flatten)]
    functions: functions::Arguments,
    #[command(subcommand)]
    instead: Option<Instead>,
}

#[derive(Debug, Subcommand)]
enum Instead {
    /// Measures each endpoint over millions of rentals beside the same over a thousand.
    Scale(scale::Arguments),
    /// Measures each function's binary and memory beside the best that was committed.
    Footprint(footprint::Arguments),
}

#[tokio::main]
async fn main() -> Result<()> {
    let Bench { functions, instead } = Bench::parse();
    match instead {
        None => functions::run(functions).await,
        Some(Instead::Scale(arguments)) => scale::run(arguments).await,
        Some(Instead::Footprint(arguments)) => footprint::run(arguments).await,
    }
}
