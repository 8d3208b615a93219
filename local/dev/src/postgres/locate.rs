//! Where PostgreSQL's programs are: on the machine, else in a package.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tokio::process::Command;

use super::account::{Account, reachable};
use super::fetch;
use crate::command::output_of;
use crate::output::Step;

/// The oldest PostgreSQL that the migrations work with.
const OLDEST_MAJOR: u32 = 15;

/// Where to take PostgreSQL from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// The first of the others that is there.
    Auto,
    /// Containers, by a Docker engine.
    Compose,
    /// Programs on this machine.
    Machine,
    /// Programs in a package that npm fetches.
    Npm,
    /// Programs in a package that pip fetches.
    Pip,
}

/// PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The folder that holds `initdb` and `postgres`.
    pub folder: PathBuf,
    /// The first number of their version.
    pub major: u32,
    /// Their version in full.
    pub version: String,
}

/// Finds the programs, fetching them into `tools` if need be. `data_of` is
/// the version that existing data demands.
///
/// # Errors
/// A sentence when there are none, or none of the version that the data has.
pub async fn binaries(
    source: Source,
    tools: &Path,
    data_of: Option<u32>,
    step: &Step,
) -> Result<Binaries> {
    let account = Account::for_postgres()?;
    let tools = reachable(account.as_ref(), tools);
    let mut found = Vec::new();
    if matches!(source, Source::Auto | Source::Machine) {
        found = on_this_machine(account.as_ref()).await;
        if let Some(fitting) = newest_fitting(&found, data_of) {
            return Ok(fitting);
        }
    }
    let folders = match source {
        Source::Machine => Vec::new(),
        Source::Compose => bail!("PG_SOURCE=compose holds for `run` alone: choose another"),
        Source::Npm => vec![fetch::from_npm(&tools, step).await?],
        Source::Pip => vec![fetch::from_pip(&tools, step).await?],
        Source::Auto => vec![fetch::from_any(&tools, step).await?],
    };
    for folder in folders {
        let (major, version) = version_in(&folder)
            .await
            .context("the PostgreSQL that was fetched does not run here")?;
        found.push(Binaries {
            folder,
            major,
            version,
        });
    }
    match (newest_fitting(&found, data_of), data_of) {
        (Some(fitting), _) => Ok(fitting),
        (None, Some(major)) => bail!(
            "the data was written by PostgreSQL {major}, and {} is what there is: \
             install PostgreSQL {major}, or begin anew with `make clean-data`",
            list(&found)
        ),
        (None, None) => bail!(
            "no PostgreSQL of version {OLDEST_MAJOR} or later was found on this machine: install it, \
             or leave PG_SOURCE at `auto`"
        ),
    }
}

fn newest_fitting(found: &[Binaries], data_of: Option<u32>) -> Option<Binaries> {
    found
        .iter()
        .filter(|binaries| {
            data_of.map_or(binaries.major >= OLDEST_MAJOR, |it| it == binaries.major)
        })
        .max_by_key(|binaries| binaries.major)
        .cloned()
}

fn list(found: &[Binaries]) -> String {
    let versions: Vec<&str> = found.iter().map(|it| it.version.as_str()).collect();
    if versions.is_empty() {
        "none".to_owned()
    } else {
        versions.join(", ")
    }
}

/// Every PostgreSQL installed here that `account` can run.
async fn on_this_machine(account: Option<&Account>) -> Vec<Binaries> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(pg_config) = which::which("pg_config") {
        let mut ask = Command::new(pg_config);
        ask.arg("--bindir");
        if let Ok(folder) = output_of(ask, Duration::from_secs(5)).await {
            folders.push(PathBuf::from(folder.trim()));
        }
    }
    for (parent, below) in [
        ("/usr/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
    ] {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path().join(below)));
    }
    if let Ok(postgres) = which::which("postgres") {
        folders.extend(postgres.parent().map(Path::to_path_buf));
    }
    // By its own name, not by that of a link to it.
    let mut folders: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| folder.join("postgres").canonicalize().ok())
        .filter_map(|postgres| postgres.parent().map(Path::to_path_buf))
        .collect();
    folders.sort();
    folders.dedup();
    let mut found = Vec::new();
    for folder in folders {
        let complete = ["initdb", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file());
        if complete
            && account.is_none_or(|account| account.can_reach(&folder))
            && let Ok((major, version)) = version_in(&folder).await
        {
            found.push(Binaries {
                folder,
                major,
                version,
            });
        }
    }
    found
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-1)` is version 15.14, major 15.
async fn version_in(folder: &Path) -> Result<(u32, String)> {
    let mut ask = Command::new(folder.join("postgres"));
    ask.arg("--version");
    let said = output_of(ask, Duration::from_secs(10)).await?;
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .with_context(|| format!("a version that is none: {said}"))?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    let major = digits
        .parse()
        .with_context(|| format!("a version that is none: {said}"))?;
    Ok((major, version.to_owned()))
}
