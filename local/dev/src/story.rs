//! `story`: a stack of its own from nothing, one rental, a restart, and away.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::clean;
use crate::demo::{self, Stage};
use crate::output::Output;
use crate::ports;
use crate::project::Project;
use crate::scratch;
use crate::settings::{Data, DatabaseDoors, Doors, Postgres, QUIET_LOGS, Settings};
use crate::signals::Signals;
use crate::stack::beside;

/// Seconds between two ticks: short, because this is waited for.
const TICK_SEC: u32 = 2;

/// Plays the whole story.
///
/// # Errors
/// What went differently; nothing is left running or lying about then.
pub async fn run(project: &Project, postgres: Postgres, output: &Output) -> Result<()> {
    let folder = scratch::folder("power-bank-story-")?;
    let settings = settings_in(folder.path(), postgres)?;
    let told = tell(project, &settings, output).await;
    let cleaned = clean::run(project, &settings.data, output).await;
    told?;
    cleaned?;
    output.line(
        "\nThe story is told: rented, billed, remembered over a restart, and nothing is left.",
    );
    Ok(())
}

async fn tell(project: &Project, settings: &Settings, output: &Output) -> Result<()> {
    let mut signals = Signals::listen()?;
    let stage = Stage::at(&settings.doors)?;

    output.line("First run: a rental, from the quote to the ledger.\n");
    let first = beside(project, settings, output, &mut signals, async || {
        let rental_id = demo::play(&stage, output).await?;
        let shown = stage.status_of(&rental_id).await?;
        Ok((rental_id, shown))
    });
    let (rental_id, shown_before) = first.await?.context("stopped before the story was told")?;

    output.line("\nSecond run: the same data, the same rental.\n");
    let second = beside(project, settings, output, &mut signals, async || {
        stage.status_of(&rental_id).await
    });
    let shown_after = second.await?.context("stopped before the story was told")?;
    ensure!(
        shown_before == shown_after,
        "{rental_id} is shown differently after a restart: {shown_before}, then {shown_after}"
    );
    Ok(())
}

fn settings_in(folder: &Path, postgres: Postgres) -> Result<Settings> {
    Ok(Settings {
        doors: Doors {
            api_port: ports::any_free()?,
            stubs_port: ports::any_free()?,
        },
        databases: DatabaseDoors {
            rental_db_port: ports::any_free()?,
            billing_db_port: ports::any_free()?,
            rental_database_url: None,
            billing_database_url: None,
        },
        billing_tick_sec: TICK_SEC,
        concurrency: 4,
        invoke_port: 0,
        rust_log: QUIET_LOGS.to_owned(),
        data: Data {
            data_dir: folder.join("data"),
        },
        postgres,
    })
}
