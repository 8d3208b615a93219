//! Tools that are not Rust's: found on the machine, else fetched into the
//! project's own folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::command::{output_of, outside_of_cargo, succeeds};
use crate::output::Step;

/// The release of cargo-lambda that the project was tried with.
const CARGO_LAMBDA: &str = "1.9.2";

/// How long a download may take.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(600);

/// How long compiling a tool may take.
const COMPILE_PATIENCE: Duration = Duration::from_secs(3600);

/// How long a tool may take to say that it is there.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Python's package installer, in the way that it answers here.
pub(crate) struct Pip {
    program: PathBuf,
    arguments: &'static [&'static str],
}

impl Pip {
    /// A command that installs packages into a folder.
    pub(crate) fn install(&self, folder: &Path, packages: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg("--target")
            .arg(folder)
            .args(packages)
            .env("PIP_ROOT_USER_ACTION", "ignore");
        command
    }
}

/// pip, where there is one.
pub(crate) async fn pip() -> Option<Pip> {
    let ways: [(&str, &'static [&'static str]); 3] =
        [("python3", &["-m", "pip"]), ("pip3", &[]), ("pip", &[])];
    for (program, arguments) in ways {
        if let Ok(program) = which::which(program) {
            let mut ask = Command::new(&program);
            ask.args(arguments).arg("--version");
            if succeeds(ask, ANSWER_PATIENCE).await {
                return Some(Pip { program, arguments });
            }
        }
    }
    None
}

/// npm, where there is one.
pub(crate) fn npm() -> Option<PathBuf> {
    which::which("npm").ok()
}

/// Fills `home` by `fetch`, unless an earlier run did. What is fetched gets
/// its name only when it is complete.
pub(crate) async fn fetch_once(
    home: &Path,
    fetch: impl AsyncFnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if home.is_dir() {
        return Ok(());
    }
    let fresh = home.with_extension(format!("new-{}", std::process::id()));
    fs::create_dir_all(&fresh).with_context(|| format!("{} cannot be created", fresh.display()))?;
    let outcome = match fetch(&fresh).await {
        Ok(()) => fs::rename(&fresh, home)
            .with_context(|| format!("{} cannot be created", home.display())),
        Err(error) => Err(error),
    };
    // Another run may have been quicker.
    let outcome = if home.is_dir() { Ok(()) } else { outcome };
    let _ = fs::remove_dir_all(&fresh);
    outcome
}

/// cargo-lambda, ready to be started.
pub struct CargoLambda {
    program: PathBuf,
    python_path: Option<PathBuf>,
}

impl CargoLambda {
    /// Finds cargo-lambda on the machine or in `tools`; else fetches it.
    ///
    /// # Errors
    /// A sentence when it is nowhere and nothing here can fetch it.
    pub async fn find(tools: &Path, step: &Step) -> Result<Self> {
        if let Ok(program) = which::which("cargo-lambda") {
            return Ok(Self {
                program,
                python_path: None,
            });
        }
        let home = tools.join("cargo-lambda");
        if !home.is_dir() {
            Self::fetch(&home, step).await?;
        }
        Ok(Self {
            program: home.join("bin/cargo-lambda"),
            python_path: Some(home),
        })
    }

    /// The command `cargo lambda …`.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        outside_of_cargo(&mut command).arg("lambda");
        if let Some(folder) = &self.python_path {
            // There its package finds the zig that came with it.
            command.env("PYTHONPATH", folder);
        }
        command
    }

    /// Its version, which also shows that it runs here.
    ///
    /// # Errors
    /// When it does not.
    pub async fn version(&self) -> Result<String> {
        let mut ask = self.command();
        ask.arg("--version");
        let said = output_of(ask, ANSWER_PATIENCE).await?;
        Ok(said
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" "))
    }

    async fn fetch(home: &Path, step: &Step) -> Result<()> {
        if let Some(pip) = pip().await {
            step.now(format_args!(
                "fetching cargo-lambda {CARGO_LAMBDA} from PyPI"
            ));
            return fetch_once(home, async |fresh: &Path| {
                let package = format!("cargo-lambda=={CARGO_LAMBDA}");
                let install = pip.install(fresh, &[&package]);
                output_of(install, DOWNLOAD_PATIENCE).await.map(drop)
            })
            .await;
        }
        let Ok(cargo) = which::which("cargo") else {
            bail!(
                "cargo-lambda is needed and neither it, nor pip, nor cargo was found: \
                 install it as https://www.cargo-lambda.info/guide/installation.html says"
            );
        };
        step.now("compiling cargo-lambda, for want of pip: this takes many minutes, once");
        fetch_once(home, async |fresh: &Path| {
            let mut install = Command::new(cargo);
            outside_of_cargo(&mut install)
                .args(["install", "--quiet", "--locked", "--version", CARGO_LAMBDA])
                .arg("--root")
                .arg(fresh)
                .arg("cargo-lambda");
            output_of(install, COMPILE_PATIENCE).await.map(drop)
        })
        .await
    }
}
