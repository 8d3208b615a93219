//! `clean-data`: removes what runs have kept.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::output::Output;
use crate::postgres::{Compose, engine_answers};
use crate::project::Project;
use crate::settings::Data;
use crate::stack::{DataFolder, data_home};

/// Removes the data folder and all data that belongs to it.
///
/// # Errors
/// When a stack runs on it, or it is not a folder of this runner's.
pub async fn run(project: &Project, data: &Data, output: &Output) -> Result<()> {
    let folder = data.folder(project.root());
    if !folder.exists() {
        output.line(format_args!(
            "{} is not there: nothing to remove",
            folder.display()
        ));
        return Ok(());
    }
    if !DataFolder::is_ours(&folder) {
        bail!(
            "{} was not made by `make run`, so it stays: remove it by hand if you mean it",
            folder.display()
        );
    }
    let held = DataFolder::take(&folder)?;
    held.end_leftovers().await?;
    if held.are_databases_in_containers() {
        if !engine_answers().await {
            bail!(
                "the databases' data lies with the Docker engine, which does not answer: start it first"
            );
        }
        Compose::new(project.compose_file(), &folder, 0, 0)
            .remove()
            .await?;
    }
    let home = data_home(&folder)?;
    if home != folder && home.exists() {
        remove(&home)?;
    }
    remove(&folder)?;
    output.line(format_args!("removed {}", folder.display()));
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))
}
