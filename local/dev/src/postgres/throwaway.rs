//! A server for one command's sake: fast, empty, gone afterwards.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::cluster::{Cluster, Purpose};
use super::compose::{Compose, demand_engine, engine_answers};
use super::database::{Database, wait_until_answers};
use super::locate::{Source, binaries};
use crate::migrations;
use crate::output::Output;
use crate::ports;
use crate::process::{self, Part, Process};
use crate::project::Project;
use crate::scratch;
use crate::settings::DatabaseUrls;

/// How long the server may take to stop, or a container's to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A throwaway server with the databases `rental` and `billing` on it.
/// Whatever became of its start, `remove` leaves nothing behind.
pub struct Throwaway {
    port: u16,
    // Declared before the folder, so that a drop kills it first.
    server: Option<Part>,
    containers: Option<Compose>,
    folder: TempDir,
    output: Output,
}

impl Throwaway {
    /// A free port and an empty folder; nothing runs yet.
    ///
    /// # Errors
    /// When there is no such folder or port.
    pub fn new(output: Output) -> Result<Self> {
        let folder = scratch::folder("power-bank-postgres-")?;
        Ok(Self {
            port: ports::any_free()?,
            server: None,
            containers: None,
            folder,
            output,
        })
    }

    /// Starts the server and creates both databases, migrated from empty, and
    /// then once more, which must change nothing.
    ///
    /// # Errors
    /// A sentence.
    pub async fn start(&mut self, project: &Project, source: Source) -> Result<()> {
        let step = self.output.step("PostgreSQL");
        let found = match source {
            Source::Compose => {
                demand_engine().await?;
                None
            }
            _ => match binaries(source, &project.tools(), None, &step).await {
                Ok(found) => Some(found),
                Err(_) if source == Source::Auto && engine_answers().await => None,
                Err(error) => return Err(error),
            },
        };
        let how = match found {
            Some(found) => {
                let data = self.folder.path().join("data");
                let cluster = Cluster::new(found, data, self.port, Purpose::ThrowAway)?;
                cluster.prepare().await?;
                let server = self.server.insert(cluster.start("postgres", &self.output)?);
                cluster.answers(server).await?;
                cluster.to_string()
            }
            None => {
                let (file, port) = (project.compose_file(), self.port);
                let compose = Compose::new(file, self.folder.path(), port, port);
                self.containers.insert(compose).up(&["db-rental"]).await?;
                wait_until_answers(&self.server_url(), PATIENCE).await?;
                "PostgreSQL in a container".to_owned()
            }
        };
        step.done(format_args!("{how}, on port {}", self.port));
        self.fill(project.root()).await
    }

    /// A folder for what a command that uses the server throws away.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<PathBuf> {
        let scratch = self.folder.path().join("scratch");
        std::fs::create_dir_all(&scratch)
            .with_context(|| format!("{} cannot be made", scratch.display()))?;
        Ok(scratch)
    }

    /// The server's own database.
    pub fn server_url(&self) -> String {
        Database::Server.local_url(self.port)
    }

    /// The two databases on it.
    pub fn database_urls(&self) -> DatabaseUrls {
        DatabaseUrls {
            rental: Database::Rental.local_url(self.port),
            billing: Database::Billing.local_url(self.port),
        }
    }

    /// The server's processes.
    pub fn processes(&self) -> Vec<Process> {
        let Some(server) = &self.server else {
            return Vec::new();
        };
        let below = process::descendants(server.pid());
        Process::with_pid(server.pid())
            .into_iter()
            .chain(below)
            .collect()
    }

    /// Stops the server and removes its data.
    ///
    /// # Errors
    /// When something would be left.
    pub async fn remove(self) -> Result<()> {
        if let Some(server) = &self.server {
            let left = server.stop(PATIENCE).await;
            if !left.is_empty() {
                bail!("PostgreSQL cannot be stopped: {left:?} still run");
            }
        }
        if let Some(containers) = &self.containers {
            containers.remove().await?;
        }
        let path = self.folder.path().display().to_string();
        self.folder
            .close()
            .with_context(|| format!("{path} cannot be removed"))
    }

    async fn fill(&self, root: &Path) -> Result<()> {
        let step = self.output.step("migrations");
        Database::Rental.create(self.port).await?;
        Database::Billing.create(self.port).await?;
        let urls = self.database_urls();
        migrations::apply(root, &urls).await?;
        let once = migrations::applied(&urls).await?;
        migrations::apply(root, &urls).await?;
        let twice = migrations::applied(&urls).await?;
        if once != twice {
            bail!("migrating a second time was not without effect: {once:?}, then {twice:?}");
        }
        step.done(format_args!(
            "{} applied to empty databases, and again without effect",
            once.len()
        ));
        Ok(())
    }
}
