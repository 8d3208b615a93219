//! Where things are in the project's tree.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The checkout that the runner works on.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
    built: PathBuf,
}

impl Project {
    /// Finds the checkout around the current folder, and the binaries beside
    /// this very program.
    ///
    /// # Errors
    /// Outside of a checkout.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        let program = std::env::current_exe().context("the runner cannot find itself")?;
        let Some(root) = here
            .ancestors()
            .find(|folder| folder.join("local/compose.yaml").is_file())
        else {
            bail!(
                "{} is not inside the project: change into its folder and run this again",
                here.display()
            );
        };
        let built = program
            .parent()
            .context("the runner has no folder")?
            .to_path_buf();
        // The test harness puts its programs one floor deeper.
        let built = match built.file_name() {
            Some(name) if name == "deps" => built.parent().map_or(built.clone(), Path::to_path_buf),
            _ => built,
        };
        Ok(Self {
            root: root.to_path_buf(),
            built,
        })
    }

    /// The checkout's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the workspace's binaries.
    pub fn built(&self) -> &Path {
        &self.built
    }

    /// Tools that the runner fetched for itself; git ignores it.
    pub fn tools(&self) -> PathBuf {
        self.root.join(".tools")
    }

    /// The compose file.
    pub fn compose_file(&self) -> PathBuf {
        self.root.join("local/compose.yaml")
    }

    /// A binary of this workspace.
    ///
    /// # Errors
    /// When it was not built: starting it would then wait for a compiler.
    pub fn binary(&self, name: &str) -> Result<PathBuf> {
        let path = self.built.join(name);
        if path.is_file() {
            Ok(path)
        } else {
            bail!(
                "`{name}` is not built: run `cargo build --workspace --bins`, or start with `make run`"
            )
        }
    }
}
