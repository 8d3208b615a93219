//! A ratchet: how large the functions are, and how much memory they take, beside the best that was
//! committed. What grew unseen would grow for ever.

mod best;
mod weigh;

pub(crate) use best::{Best, Footprint};

use crate::table;
use anyhow::{Result, ensure};
use best::missed;
use clap::Args;

/// What becomes of the figures.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Commits to these figures: the better ones, and the worse.
    #[arg(long)]
    write: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let found = weigh::all().await?;
    let best = Best::read()?;
    println!("{}", table::footprints(&found, &best));
    if arguments.write {
        return found.write();
    }
    let missed = missed(&found, &best);
    ensure!(
        missed.is_empty(),
        "{}\nMore than a tenth above the best. Find what grew, or lower your ambition: \
         `make footprint FOOTPRINT_FLAGS=--write` makes these figures the best, in {}",
        missed.join("\n"),
        best::FILE
    );
    Ok(())
}
