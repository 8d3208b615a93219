//! `audit`: every law of money, checked on a running stack.
//!
//! The work is done by a program of its own. This one must not link the
//! databases' crates: it brings up the databases that their queries are checked
//! against when they are compiled.

use std::process::ExitStatus;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::project::Project;
use crate::settings::Audited;

/// Audits and gives back the program's exit code.
///
/// # Errors
/// When the program cannot be started, or not told where to look.
pub async fn run(project: &Project, audited: &Audited) -> Result<u8> {
    let urls = audited.databases.urls()?;
    let mut command = Command::new(project.binary("audit")?);
    // In the environment, where no list of processes shows them.
    command
        .env("RENTAL_DATABASE_URL", urls.rental)
        .env("BILLING_DATABASE_URL", urls.billing);
    match audited.ledger() {
        Some(url) => command.env("LEDGER_URL", url),
        None => command.env_remove("LEDGER_URL"),
    };
    for (flag, is_set) in [("--at-rest", audited.at_rest), ("--json", audited.json)] {
        if is_set {
            command.arg(flag);
        }
    }
    let status = command.status().await.context("the audit does not start")?;
    Ok(code_of(status))
}

/// Whoever killed it knows how it ended.
fn code_of(status: ExitStatus) -> u8 {
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}
