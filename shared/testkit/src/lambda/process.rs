//! One process of a function.

use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Starts a process of `function` that takes its events from `address`, under `name/instance`.
pub(crate) fn spawn(
    function: &str,
    name: &str,
    instance: usize,
    address: SocketAddr,
    env: &[(String, String)],
) -> Result<Child> {
    let binary = binary(function)?;
    Command::new(&binary)
        .env_clear()
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            format!("http://{address}/{name}/{instance}"),
        )
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("RUST_LOG", "warn")
        .envs(env.iter().cloned())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} does not start: build it first", binary.display()))
}

/// Beside the folder of the running test: `target/<profile>/`.
fn binary(function: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test
        .parent()
        .and_then(|deps| deps.parent())
        .context("no target folder")?;
    Ok(profile.join(function))
}
