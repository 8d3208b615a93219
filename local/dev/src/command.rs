//! Commands that run to their end and are only interesting when they fail.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::timeout;

/// Lines shown of a command that failed.
const SHOWN_LINES: usize = 12;

/// Runs a command and gives back what it printed.
///
/// # Errors
/// When it cannot be started, fails, or takes longer than `patience`; then
/// with the last lines it said.
pub async fn output_of(mut command: Command, patience: Duration) -> Result<String> {
    let shown = shown(&command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = timeout(patience, command.output())
        .await
        .with_context(|| format!("`{shown}` took longer than {patience:?}"))?
        .with_context(|| format!("`{shown}` cannot be started"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = stdout.lines().chain(stderr.lines()).collect();
        let from = said.len().saturating_sub(SHOWN_LINES);
        bail!(
            "`{shown}` failed ({}):\n{}",
            output.status,
            said.get(from..).unwrap_or_default().join("\n")
        );
    }
    Ok(stdout)
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.as_std().get_program());
    let words = std::iter::once(program.file_name().unwrap_or_default())
        .chain(command.as_std().get_args())
        .map(OsStr::to_string_lossy);
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a command succeeds, soon.
pub async fn succeeds(command: Command, patience: Duration) -> bool {
    output_of(command, patience).await.is_ok()
}

/// A command without the variables by which an outer `cargo` or `make`
/// describes itself: they would make an inner cargo compile everything again.
pub fn outside_of_cargo(command: &mut Command) -> &mut Command {
    const OUTER: [&str; 22] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PKG_AUTHORS",
        "CARGO_PKG_DESCRIPTION",
        "CARGO_PKG_HOMEPAGE",
        "CARGO_PKG_LICENSE",
        "CARGO_PKG_LICENSE_FILE",
        "CARGO_PKG_NAME",
        "CARGO_PKG_README",
        "CARGO_PKG_REPOSITORY",
        "CARGO_PKG_RUST_VERSION",
        "CARGO_PKG_VERSION",
        "CARGO_PKG_VERSION_MAJOR",
        "CARGO_PKG_VERSION_MINOR",
        "CARGO_PKG_VERSION_PATCH",
        "CARGO_PKG_VERSION_PRE",
        "MAKEFLAGS",
        "MFLAGS",
    ];
    for variable in OUTER {
        command.env_remove(variable);
    }
    command
}
