//! One process of a function.

use super::Settings;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::{Child, Command};

/// How the processes of a pool are started.
pub(crate) struct Launch {
    /// Which binary.
    pub(crate) function: String,
    /// How the Runtime API finds the pool.
    pub(crate) pool: String,
    /// Where the Runtime API is.
    pub(crate) address: SocketAddr,
    pub(crate) settings: Arc<Settings>,
    /// What these get beside it.
    pub(crate) more_env: Vec<(String, String)>,
}

impl Launch {
    /// Starts a process that takes its events as `instance`.
    pub(crate) fn start(&self, instance: usize) -> Result<Child> {
        let Self {
            function,
            pool,
            address,
            ..
        } = self;
        let binary = binary(function)?;
        let mut command = Command::new(&binary);
        if let Some(log) = &self.settings.log {
            command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        }
        command
            .env_clear()
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("http://{address}/{pool}/{instance}"),
            )
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("PGAPPNAME", application_name(pool, instance))
            .env("RUST_LOG", "warn")
            .envs(self.settings.env.iter().cloned())
            .envs(self.more_env.iter().cloned())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start: build it first", binary.display()))
    }
}

/// What the databases call a process.
pub(crate) fn application_name(pool: &str, instance: usize) -> String {
    format!("{pool}/{instance}")
}

/// In `target/<profile>/`: beside the running program, or above it where that is a test.
fn binary(function: &str) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let mut folders = program.ancestors().skip(1);
    let profile = folders.find(|folder| !folder.ends_with("deps"));
    Ok(profile.context("no target folder")?.join(function))
}
