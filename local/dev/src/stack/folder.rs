//! The folder that outlives a run: held by one stack at a time, and it
//! remembers what that stack started, in case it is killed.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::slice;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::postgres::create_open_folder;
use crate::process::{self, Process, STOP_REQUEST};

/// Marks the folder as ours, and is locked while a stack runs on it.
const LOCK: &str = "lock";

/// What the running stack has started.
const STARTED: &str = "started.json";

/// Says that the databases' data lies with the Docker engine.
const IN_CONTAINERS: &str = "databases-are-in-containers";

/// How long what a killed run left may take to stop.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(15);

/// The data folder, held.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Started {
    processes: Vec<Process>,
}

impl DataFolder {
    /// Creates the folder if need be and holds it until dropped.
    ///
    /// # Errors
    /// When another stack holds it.
    pub fn take(path: &Path) -> Result<Self> {
        create_open_folder(path)?;
        let lock = path.join(LOCK);
        let file =
            File::create(&lock).with_context(|| format!("{} cannot be written", lock.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_path_buf(),
                _lock: file,
            }),
            Err(TryLockError::WouldBlock) => bail!(
                "a stack runs on {} already: stop it first (Ctrl-C where it runs), \
                 or choose another folder with DATA_DIR=…",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", lock.display()))
            }
        }
    }

    /// Whether a folder was made by this runner.
    pub fn is_ours(path: &Path) -> bool {
        path.join(LOCK).is_file()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends what a run that was killed left running; how much that was.
    ///
    /// # Errors
    /// When something cannot be ended.
    pub async fn end_leftovers(&self) -> Result<usize> {
        let Ok(bytes) = fs::read(self.path.join(STARTED)) else {
            return Ok(0);
        };
        // A record that is not understood is no reason to refuse to start.
        let started: Started = serde_json::from_slice(&bytes).unwrap_or_default();
        let alive = process::alive(&started.processes);
        // Last started, first stopped: nobody loses a database in use.
        for process in alive.iter().rev() {
            let left =
                process::end(slice::from_ref(process), STOP_REQUEST, LEFTOVER_PATIENCE).await;
            if let Some(process) = left.first() {
                bail!(
                    "{} (process {}), left by a killed run, cannot be stopped: end it by hand",
                    process.name,
                    process.pid
                );
            }
        }
        self.nothing_runs()?;
        Ok(alive.len())
    }

    /// Remembers what was started.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn record(&self, processes: &[Process]) -> Result<()> {
        let started = Started {
            processes: processes.to_vec(),
        };
        let file = self.path.join(STARTED);
        fs::write(&file, serde_json::to_vec_pretty(&started)?)
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Remembers that nothing runs any more.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn nothing_runs(&self) -> Result<()> {
        self.record(&[])
    }

    /// Remembers that the databases' data lies with the Docker engine.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn databases_are_in_containers(&self) -> Result<()> {
        let file = self.path.join(IN_CONTAINERS);
        fs::write(&file, "").with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Whether the databases' data lies with the Docker engine.
    pub fn are_databases_in_containers(&self) -> bool {
        self.path.join(IN_CONTAINERS).is_file()
    }

    /// Writes what the functions shall log into a file for cargo-lambda, which
    /// keeps its own setting of the same name.
    pub(super) fn write_function_logs(&self, rust_log: &str) -> Result<PathBuf> {
        let file = self.path.join("functions.env");
        fs::write(&file, format!("RUST_LOG='{rust_log}'\n"))
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }
}
