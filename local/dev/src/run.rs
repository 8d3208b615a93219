//! `run`: the stack in the foreground, until somebody stops it.

use std::future::pending;

use anyhow::Result;

use crate::output::Output;
use crate::project::Project;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::stack::beside;

/// Starts the stack, shows its logs, and stops all of it on a signal or when
/// a part dies.
///
/// # Errors
/// A sentence that says what is wrong; nothing is left running then.
pub async fn run(project: &Project, settings: &Settings, output: &Output) -> Result<()> {
    let mut signals = Signals::listen()?;
    output.line("Starting the rental system; Ctrl-C stops it.\n");
    beside(project, settings, output, &mut signals, async || {
        output.start_streaming();
        pending::<Result<()>>().await
    })
    .await
    .map(drop)
}
