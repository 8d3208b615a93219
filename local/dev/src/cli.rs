//! The command line.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::output::Output;
use crate::project::Project;
use crate::settings::{Audited, Data, Doors, Postgres, Settings};
use crate::{audit, clean, demo, run, story, with_postgres};

/// Runs the power-bank rental system on this machine.
#[derive(Parser, Debug)]
#[command(name = "dev")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start everything and stay in the foreground; Ctrl-C stops it.
    Run(Settings),
    /// Play one rental against a running stack and check every answer.
    Demo(Doors),
    /// Check every law of money on a running stack.
    Audit(Audited),
    /// Run a command beside a throwaway PostgreSQL.
    WithPostgres {
        #[command(flatten)]
        postgres: Postgres,
        /// The command; it finds `TEST_DATABASE_URL`, `RENTAL_DATABASE_URL`
        /// and `BILLING_DATABASE_URL` in its environment.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Remove the data that runs have kept.
    CleanData(Data),
    /// Start a stack on free ports, play the demo, restart it, check that it
    /// remembers, and remove it.
    Story(Postgres),
}

/// Does what the command line asks; the exit code.
///
/// # Errors
/// A sentence for the person at the terminal.
pub async fn execute(cli: Cli) -> Result<u8> {
    let project = Project::find()?;
    let output = Output::default();
    match cli.command {
        Command::Run(settings) => run::run(&project, &settings, &output).await?,
        Command::Demo(doors) => demo::run(&doors, &output).await?,
        Command::Audit(audited) => return audit::run(&project, &audited).await,
        Command::WithPostgres { postgres, command } => {
            return with_postgres::run(&project, postgres.pg_source, &command).await;
        }
        Command::CleanData(data) => clean::run(&project, &data, &output).await?,
        Command::Story(postgres) => story::run(&project, postgres, &output).await?,
    }
    Ok(0)
}
