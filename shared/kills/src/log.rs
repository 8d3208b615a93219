//! The log: what the run did and what the functions printed, line by line.

use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::Mutex;
use tracing_subscriber::EnvFilter;

/// What is written down where `RUST_LOG` says nothing else.
const FILTER: &str = "warn,kills=info";

/// A file that everybody appends to.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

/// Starts a log in the target folder.
pub(crate) fn start(seed: u64) -> Result<Log> {
    let program = std::env::current_exe()?;
    let profile = program.parent().context("no target folder")?;
    let folder = profile.with_file_name("kills");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{seed}.log"));
    // What another run wrote would look like this one's.
    File::create(&path).with_context(|| format!("no log at {}", path.display()))?;
    let file = OpenOptions::new().append(true).open(&path)?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file.try_clone()?))
        .init();
    Ok(Log { path, file })
}
