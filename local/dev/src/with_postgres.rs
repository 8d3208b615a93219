//! Runs a command beside a throwaway PostgreSQL.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::output::Output;
use crate::postgres::{Source, Throwaway};
use crate::process;
use crate::project::Project;
use crate::signals::Signals;

/// How long the command, and whatever it left running, may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `command` with the addresses of a throwaway server in its environment
/// and gives back its exit code. Afterwards the server is gone, and so is
/// everything that the command left running.
///
/// # Errors
/// When the server cannot be started or removed, or the command not started.
pub async fn run(project: &Project, source: Source, command: &[OsString]) -> Result<u8> {
    let mut signals = Signals::listen()?;
    process::adopt_orphans();
    let mut throwaway = Throwaway::new(Output::beside_a_command())?;
    let outcome = tokio::select! {
        biased;
        signal = signals.next() => Ok(code_of_signal(signal)),
        outcome = async {
            throwaway.start(project, source).await?;
            execute(&throwaway, command).await
        } => outcome,
    };
    let server = throwaway.processes();
    let mut others = process::descendants(std::process::id());
    others.retain(|process| !server.contains(process));
    process::end(&others, Signal::SIGTERM, PATIENCE).await;
    let removed = throwaway.remove().await;
    let code = outcome?;
    removed?;
    Ok(code)
}

async fn execute(throwaway: &Throwaway, command: &[OsString]) -> Result<u8> {
    let (program, arguments) = command.split_first().context("no command was given")?;
    let urls = throwaway.database_urls();
    let status = Command::new(program)
        .args(arguments)
        .env("TMPDIR", throwaway.scratch()?)
        .env("TEST_DATABASE_URL", throwaway.server_url())
        .env("RENTAL_DATABASE_URL", urls.rental)
        .env("BILLING_DATABASE_URL", urls.billing)
        .status()
        .await
        .with_context(|| format!("`{}` cannot be started", program.to_string_lossy()))?;
    Ok(code_of(status))
}

fn code_of(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, Some(signal)) => code_of_signal(signal),
        (None, None) => u8::MAX,
    }
}

/// As a shell reports a death by signal.
fn code_of_signal(number: i32) -> u8 {
    u8::try_from(number).map_or(u8::MAX, |number| number.saturating_add(128))
}
