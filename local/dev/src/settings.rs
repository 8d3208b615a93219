//! What can be set from outside, as flags or in the environment.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use crate::postgres::Source;

/// What is logged unless something else is asked for: what happens, but not
/// what whoever invokes a function is told by its answer, nor Lambda's own ids.
pub const QUIET_LOGS: &str =
    "info,lambda_runtime=error,billing_tick=warn,reconcile=warn,operator=warn";

/// Where a running stack listens.
#[derive(Args, Clone, Debug)]
pub struct Doors {
    /// Port of the HTTP API and of the functions' invocations.
    #[arg(long, env = "API_PORT", default_value_t = 8000)]
    pub api_port: u16,
    /// Port of external-stubs.
    #[arg(long, env = "STUBS_PORT", default_value_t = 3629)]
    pub stubs_port: u16,
}

impl Doors {
    /// The API's address.
    pub fn api(&self) -> String {
        format!("http://127.0.0.1:{}", self.api_port)
    }

    /// The stubs' address.
    pub fn stubs(&self) -> String {
        format!("http://127.0.0.1:{}", self.stubs_port)
    }
}

/// Where the two databases are.
#[derive(Args, Clone, Debug)]
pub struct DatabaseDoors {
    /// Port of db-rental.
    #[arg(long, env = "RENTAL_DB_PORT", default_value_t = 5433)]
    pub rental_db_port: u16,
    /// Port of db-billing.
    #[arg(long, env = "BILLING_DB_PORT", default_value_t = 5434)]
    pub billing_db_port: u16,
    /// A db-rental that is already there; needs `BILLING_DATABASE_URL` too.
    #[arg(long, env = "RENTAL_DATABASE_URL", hide_env_values = true)]
    pub rental_database_url: Option<String>,
    /// A db-billing that is already there; needs `RENTAL_DATABASE_URL` too.
    #[arg(long, env = "BILLING_DATABASE_URL", hide_env_values = true)]
    pub billing_database_url: Option<String>,
}

impl DatabaseDoors {
    /// The databases that the caller brought along, if any.
    ///
    /// # Errors
    /// When only one is given, or one for both.
    pub fn given(&self) -> Result<Option<DatabaseUrls>> {
        let given = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
        match (
            given(&self.rental_database_url),
            given(&self.billing_database_url),
        ) {
            (None, None) => Ok(None),
            (Some(rental), Some(billing)) if rental == billing => {
                bail!(
                    "RENTAL_DATABASE_URL and BILLING_DATABASE_URL name the same database: give two"
                )
            }
            (Some(rental), Some(billing)) => Ok(Some(DatabaseUrls { rental, billing })),
            (Some(_), None) => {
                bail!(
                    "RENTAL_DATABASE_URL is set without BILLING_DATABASE_URL: set both, or neither"
                )
            }
            (None, Some(_)) => {
                bail!(
                    "BILLING_DATABASE_URL is set without RENTAL_DATABASE_URL: set both, or neither"
                )
            }
        }
    }

    /// The databases of a stack that runs with these settings.
    ///
    /// # Errors
    /// As [`Self::given`].
    pub fn urls(&self) -> Result<DatabaseUrls> {
        let local = || DatabaseUrls::local(self.rental_db_port, self.billing_db_port);
        Ok(self.given()?.unwrap_or_else(local))
    }
}

/// Where the data lies.
#[derive(Args, Clone, Debug)]
pub struct Data {
    /// Folder for everything that outlives a run; relative to the project.
    #[arg(long, env = "DATA_DIR", default_value = ".data")]
    pub data_dir: PathBuf,
}

impl Data {
    /// The folder's absolute path.
    pub fn folder(&self, root: &Path) -> PathBuf {
        root.join(&self.data_dir)
    }
}

/// Where PostgreSQL comes from.
#[derive(Args, Clone, Debug)]
pub struct Postgres {
    /// Where to take PostgreSQL from.
    #[arg(long, env = "PG_SOURCE", value_enum, default_value_t = Source::Auto)]
    pub pg_source: Source,
}

/// Everything that `run` can be told.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where the stack listens.
    #[command(flatten)]
    pub doors: Doors,
    /// Where the databases are.
    #[command(flatten)]
    pub databases: DatabaseDoors,
    /// Seconds between two ticks.
    #[arg(long, env = "BILLING_TICK_SEC", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub billing_tick_sec: u32,
    /// How many processes of one function may run at once; under 2, a
    /// function that died is not started again.
    #[arg(long, env = "CONCURRENCY", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    pub concurrency: u32,
    /// Port at which `cargo lambda invoke` looks when it is told none; 0: off.
    #[arg(long, env = "INVOKE_PORT", default_value_t = 9000)]
    pub invoke_port: u16,
    /// What the functions and the stubs log.
    #[arg(long, env = "RUST_LOG", default_value = QUIET_LOGS)]
    pub rust_log: String,
    /// Where the data lies.
    #[command(flatten)]
    pub data: Data,
    /// Where PostgreSQL comes from.
    #[command(flatten)]
    pub postgres: Postgres,
}

/// What `audit` can be told.
#[derive(Args, Clone, Debug)]
pub struct Audited {
    /// Where the databases are.
    #[command(flatten)]
    pub databases: DatabaseDoors,
    /// Port of external-stubs, whose ledger is looked into.
    #[arg(long, env = "STUBS_PORT", default_value_t = 3629)]
    pub stubs_port: u16,
    /// Base URL of stubs elsewhere.
    #[arg(long, env = "LEDGER_URL")]
    pub ledger_url: Option<String>,
    /// There is no ledger to look into: some laws are then not checked.
    #[arg(long)]
    pub no_ledger: bool,
    /// Two rounds of tick and reconcile have run since the last fault: nothing
    /// may be left open.
    #[arg(long)]
    pub at_rest: bool,
    /// Print JSON instead of the table.
    #[arg(long)]
    pub json: bool,
}

impl Audited {
    /// The ledger's address; none when there is none.
    pub fn ledger(&self) -> Option<String> {
        let given = self.ledger_url.clone().filter(|url| !url.is_empty());
        let local = || format!("http://127.0.0.1:{}", self.stubs_port);
        (!self.no_ledger).then(|| given.unwrap_or_else(local))
    }
}

/// The addresses of both databases.
#[derive(Clone, Debug)]
pub struct DatabaseUrls {
    /// db-rental's.
    pub rental: String,
    /// db-billing's.
    pub billing: String,
}

impl DatabaseUrls {
    /// Both databases where the runner itself starts them.
    pub fn local(rental_port: u16, billing_port: u16) -> Self {
        let url = |port, name| format!("postgres://postgres@127.0.0.1:{port}/{name}");
        Self {
            rental: url(rental_port, "rental"),
            billing: url(billing_port, "billing"),
        }
    }
}
