//! Real kills: the functions' processes work under load, overlap for real, and are killed with
//! `kill -9` at random moments; in the end, and again and again on the way, every law of money is
//! checked.
//!
//! Nothing is held or replayed here: the processes run freely, so that the seed makes the same
//! choices again, and not the same run. What happened stands in the log.

mod answers;
mod audits;
mod client;
mod dice;
mod faults;
mod functions;
mod killer;
mod left;
mod log;
mod operator;
mod progress;
mod request;
mod run;
mod schedule;
mod stage;
mod tally;
mod time;

use clap::{Parser, value_parser};
use std::process::ExitCode;

/// Kills the functions' processes under load; every law of money is checked.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many processes are killed; each function at least once.
    #[arg(long, env = "KILLS", default_value_t = 300, value_parser = value_parser!(u64).range(8..))]
    kills: u64,
    /// What the random choices come from; a fresh one if it is not given.
    #[arg(long, env = "SEED")]
    seed: Option<u64>,
    /// How many clients rent at once.
    #[arg(long, env = "CLIENTS", default_value_t = 16)]
    clients: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run::run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("The run cannot go on: {error:#}");
            ExitCode::FAILURE
        }
    }
}
