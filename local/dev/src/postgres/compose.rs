//! PostgreSQL in containers, where a Docker engine answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::command::{output_of, succeeds};

/// How long the engine may take to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// How long images may take to be pulled, and servers to be healthy.
const UP_PATIENCE: Duration = Duration::from_secs(900);

/// How long containers may take to stop.
const DOWN_PATIENCE: Duration = Duration::from_secs(60);

/// Whether there is an engine, and not only its client.
pub async fn engine_answers() -> bool {
    let Ok(docker) = which::which("docker") else {
        return false;
    };
    let mut info = Command::new(&docker);
    info.arg("info");
    let mut version = Command::new(&docker);
    version.args(["compose", "version"]);
    succeeds(info, ANSWER_PATIENCE).await && succeeds(version, ANSWER_PATIENCE).await
}

/// Demands an engine.
///
/// # Errors
/// A sentence when there is none.
pub async fn demand_engine() -> Result<()> {
    if engine_answers().await {
        return Ok(());
    }
    bail!("the databases are to run in containers, and no Docker engine answers: start it")
}

/// The services of the compose file, as one project that belongs to one data
/// folder.
#[derive(Clone, Debug)]
pub struct Compose {
    file: PathBuf,
    project: String,
    ports: [(&'static str, u16); 2],
}

impl Compose {
    /// Nothing happens yet.
    pub fn new(file: PathBuf, data: &Path, rental_port: u16, billing_port: u16) -> Self {
        Self {
            file,
            project: project_of(data),
            ports: [
                ("RENTAL_DB_PORT", rental_port),
                ("BILLING_DB_PORT", billing_port),
            ],
        }
    }

    /// Brings services up and waits until they are healthy.
    ///
    /// # Errors
    /// With what the engine said.
    pub async fn up(&self, services: &[&str]) -> Result<()> {
        let mut up = self.command();
        up.args(["up", "--detach", "--wait"]).args(services);
        output_of(up, UP_PATIENCE).await.map(drop).context(
            "the databases' containers do not start (PG_SOURCE=machine, npm or pip goes without)",
        )
    }

    /// Stops and removes the containers; the data stays.
    ///
    /// # Errors
    /// With what the engine said.
    pub async fn down(&self) -> Result<()> {
        let mut down = self.command();
        down.arg("down");
        output_of(down, DOWN_PATIENCE).await.map(drop)
    }

    /// Removes the containers and their data.
    ///
    /// # Errors
    /// With what the engine said.
    pub async fn remove(&self) -> Result<()> {
        let mut down = self.command();
        down.args(["down", "--volumes"]);
        output_of(down, DOWN_PATIENCE).await.map(drop)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command
            .args(["compose", "--project-name"])
            .arg(&self.project)
            .arg("--file")
            .arg(&self.file)
            .envs(self.ports.map(|(name, port)| (name, port.to_string())));
        command
    }
}

/// A project's name may hold lower-case letters, digits and dashes.
fn project_of(data: &Path) -> String {
    let path = data.to_string_lossy().to_lowercase();
    let words: Vec<&str> = path
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("power-bank-{}", words.join("-"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::project_of;

    #[test]
    fn a_data_folder_names_its_compose_project() {
        assert_eq!(
            project_of(Path::new("/home/Anna/rental/.data")),
            "power-bank-home-anna-rental-data"
        );
    }
}
