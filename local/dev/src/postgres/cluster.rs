//! One PostgreSQL server with its data, as a process of ours.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::account::{Account, create_open_folder};
use super::database::{Database, wait_until_answers};
use super::locate::Binaries;
use crate::command::output_of;
use crate::output::Output;
use crate::process::{Part, Process};

/// How long `initdb` may take.
const INIT_PATIENCE: Duration = Duration::from_secs(120);

/// How long a server may take to answer; it may have a crash to recover from.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a cluster is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its data is kept: a crash must lose nothing.
    Keep,
    /// Its data is thrown away: speed is all.
    ThrowAway,
}

/// A PostgreSQL server on this machine: user `postgres`, trusted, reachable
/// over 127.0.0.1 alone.
#[derive(Clone, Debug)]
pub struct Cluster {
    binaries: Binaries,
    account: Option<Account>,
    folder: PathBuf,
    port: u16,
    purpose: Purpose,
}

impl Cluster {
    /// A cluster with its data in `folder`; nothing happens yet.
    ///
    /// # Errors
    /// When there is no account that PostgreSQL could run as.
    pub fn new(binaries: Binaries, folder: PathBuf, port: u16, purpose: Purpose) -> Result<Self> {
        Ok(Self {
            binaries,
            account: Account::for_postgres()?,
            folder,
            port,
            purpose,
        })
    }

    /// The first number of the version that wrote the data in `folder`.
    pub fn version_of_data(folder: &Path) -> Option<u32> {
        let version = fs::read_to_string(folder.join("PG_VERSION")).ok()?;
        version.trim().parse().ok()
    }

    /// The address of one of its databases.
    pub fn url(&self, database: Database) -> String {
        database.local_url(self.port)
    }

    /// Creates the data if there is none, and clears away what a crash left.
    ///
    /// # Errors
    /// A sentence that says why PostgreSQL cannot use the folder.
    pub async fn prepare(&self) -> Result<()> {
        if Self::version_of_data(&self.folder).is_some() {
            return self.clear_stale_pid_file();
        }
        let parent = self.folder.parent().context("data without a folder")?;
        create_open_folder(parent)?;
        // Only complete data gets the name: an `initdb` that was interrupted
        // is begun anew.
        let fresh = self.folder.with_extension("new");
        remove_folder(&fresh)?;
        fs::create_dir(&fresh).with_context(|| format!("{} cannot be created", fresh.display()))?;
        if let Some(account) = &self.account {
            account.give(&fresh)?;
        }
        let mut initdb = self.command("initdb", parent);
        initdb
            .args(["--username=postgres", "--auth=trust"])
            .args(["--encoding=UTF8", "--locale=C", "--no-instructions"])
            .arg("--pgdata")
            .arg(&fresh);
        if self.purpose == Purpose::ThrowAway {
            initdb.arg("--no-sync");
        }
        output_of(initdb, INIT_PATIENCE).await?;
        fs::rename(&fresh, &self.folder)
            .with_context(|| format!("{} cannot be created", self.folder.display()))
    }

    /// Starts the server; it may not answer yet.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self, name: &'static str, output: &Output) -> Result<Part> {
        let mut server = self.command("postgres", &self.folder);
        server.arg("-D").arg(&self.folder);
        let mut set = |setting: &str| {
            server.args(["-c", setting]);
        };
        set(&format!("port={}", self.port));
        set("listen_addresses=127.0.0.1");
        set("unix_socket_directories=");
        set("max_connections=500");
        set("timezone=UTC");
        set("log_timezone=UTC");
        // Into our pipe, whatever the distribution's defaults say; and not
        // what is a matter of course for whoever sent the statement.
        set("logging_collector=off");
        set("log_destination=stderr");
        set("log_checkpoints=off");
        set("log_line_prefix=");
        set("log_min_messages=fatal");
        if self.purpose == Purpose::ThrowAway {
            set("fsync=off");
            set("synchronous_commit=off");
            set("full_page_writes=off");
        }
        Part::start(name, server, output)
    }

    /// Waits until the server answers.
    ///
    /// # Errors
    /// When it ended, with its last lines, or takes too long.
    pub async fn answers(&self, server: &Part) -> Result<()> {
        let url = self.url(Database::Server);
        tokio::select! {
            death = server.death() => Err(death.into()),
            outcome = wait_until_answers(&url, START_PATIENCE) => outcome,
        }
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.binaries.folder.join(program));
        command.current_dir(folder).env("LC_ALL", "C");
        for ambient in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGOPTIONS"] {
            command.env_remove(ambient);
        }
        if let Some(account) = &self.account {
            account.lend_to(&mut command);
        }
        command
    }

    /// After a kill or a power cut the server's pid file stays, and its number
    /// may belong to another process by now.
    fn clear_stale_pid_file(&self) -> Result<()> {
        let file = self.folder.join("postmaster.pid");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        };
        let pid = text.lines().next().and_then(|pid| pid.trim().parse().ok());
        let server = pid
            .and_then(Process::with_pid)
            .filter(|process| process.name.starts_with("postgres"));
        if let Some(server) = server {
            bail!(
                "a PostgreSQL (process {}) already works on {}: stop it and try again",
                server.pid,
                self.folder.display()
            );
        }
        fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binaries {
            version, folder, ..
        } = &self.binaries;
        write!(formatter, "PostgreSQL {version} from {}", folder.display())
    }
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
