//! The simulation: long random histories of the whole system with faults at every step, in which
//! every law of money is checked after each step.
//!
//! The functions run in this process over two real databases and the stubs. Their flows are held at
//! their named steps, and the seed says which goes on, so that a history is played again exactly.

mod ambush;
mod choice;
mod clients;
mod commands;
mod fault;
mod flow;
mod gate;
mod going;
mod history;
mod ids;
mod play;
mod real_time;
mod scene;
mod segment;
mod shrink;
mod stage;
mod tally;
mod workers;

use clap::Parser;
use std::process::ExitCode;

/// Plays random histories against two real databases; every law of money is checked at each step.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first history's seed; the others follow it.
    #[arg(long, env = "SEED", default_value_t = 1)]
    seed: u64,
    /// How many histories.
    #[arg(long, env = "HISTORIES", default_value_t = 100)]
    histories: u64,
    /// How many are played side by side.
    #[arg(long, env = "JOBS", default_value_t = 4)]
    jobs: usize,
    /// Print what happened in each history, line by line.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match workers::run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("The simulation cannot go on: {error:#}");
            ExitCode::FAILURE
        }
    }
}
