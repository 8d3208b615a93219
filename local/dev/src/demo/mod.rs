//! `demo`: one rental, from the quote to the ledger, against a running stack.

mod books;
mod check;
mod indent;
mod play;
mod show;
mod stage;

use anyhow::Result;

pub use play::play;
pub use stage::Stage;

use crate::output::Output;
use crate::settings::Doors;

/// Plays one rental and checks every answer.
///
/// # Errors
/// What differed, or that nothing is there to play against.
pub async fn run(doors: &Doors, output: &Output) -> Result<()> {
    let stage = Stage::at(doors)?;
    stage.demand_that_it_runs().await?;
    play(&stage, output).await?;
    Ok(())
}
