//! How much is measured, and where it goes.

use clap::{Args, value_parser};
use std::path::PathBuf;

/// What more of gives steadier figures.
#[derive(Debug, Args)]
pub(crate) struct Effort {
    /// How many pairs of blocks, in turn.
    #[arg(long, env = "PAIRS", default_value_t = 20, value_parser = value_parser!(u64).range(10..))]
    pub(crate) pairs: u64,
    /// How many rentals a block plays.
    #[arg(long, env = "ROUNDS", default_value_t = 40, value_parser = value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,
    /// The folder that the figures go to.
    #[arg(long, env = "BENCH_OUT", default_value = "target/bench")]
    pub(crate) out: PathBuf,
}
