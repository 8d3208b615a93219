//! Where the two databases come from, decided in one place.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::output::Step;
use crate::postgres::{
    Account, Cluster, Compose, Database, Purpose, Source, binaries, demand_engine, engine_answers,
    reachable, wait_until_answers,
};
use crate::project::Project;
use crate::settings::{DatabaseUrls, Settings};

/// How long a database that was given may take to answer.
const GIVEN_PATIENCE: Duration = Duration::from_secs(5);

/// What `stop` must do about the databases beyond ending the parts.
pub enum Databases {
    /// Nothing.
    None,
    /// Take the containers down.
    Compose(Compose),
}

impl Databases {
    /// Takes down what is not a process of ours.
    pub(super) async fn stop(&mut self) -> Result<()> {
        match std::mem::replace(self, Self::None) {
            Self::None => Ok(()),
            Self::Compose(compose) => compose.down().await,
        }
    }
}

/// How the databases are going to be started.
pub(super) enum Plan {
    Compose(Compose),
    Clusters([(&'static str, Cluster); 2]),
}

impl Plan {
    /// Containers where an engine answers; else programs of this machine, or
    /// out of a package. `in_containers` says that the data lies with an engine.
    pub(super) async fn make(
        project: &Project,
        settings: &Settings,
        in_containers: bool,
        step: &Step,
    ) -> Result<Self> {
        let source = settings.postgres.pg_source;
        let data = settings.data.folder(project.root());
        let doors = &settings.databases;
        let (rental_port, billing_port) = (doors.rental_db_port, doors.billing_db_port);
        let home = data_home(&data)?;
        let on_machine = Cluster::version_of_data(&home.join("db-rental")).is_some();
        let compose = match source {
            Source::Compose => true,
            Source::Machine | Source::Npm | Source::Pip => false,
            // Data that is there decides: it must not be left behind.
            Source::Auto if in_containers => true,
            Source::Auto if on_machine => false,
            Source::Auto => engine_answers().await,
        };
        if compose {
            demand_engine().await?;
            return Ok(Self::Compose(containers(project, settings)));
        }
        let cluster = async |name: &str, port| {
            let folder = home.join(name);
            let version = Cluster::version_of_data(&folder);
            let binaries = binaries(source, &project.tools(), version, step).await?;
            Cluster::new(binaries, folder, port, Purpose::Keep)
        };
        let rental = cluster("db-rental", rental_port).await?;
        let billing = cluster("db-billing", billing_port).await?;
        Ok(Self::Clusters([
            ("db-rental", rental),
            ("db-billing", billing),
        ]))
    }
}

/// The databases' containers of this data folder.
pub(super) fn containers(project: &Project, settings: &Settings) -> Compose {
    Compose::new(
        project.compose_file(),
        &settings.data.folder(project.root()),
        settings.databases.rental_db_port,
        settings.databases.billing_db_port,
    )
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compose(_) => write!(formatter, "in containers"),
            Self::Clusters([(_, rental), _]) => write!(formatter, "{rental}"),
        }
    }
}

/// The folder under which the databases' own folders lie: the data folder,
/// unless the account that PostgreSQL runs as cannot reach it.
///
/// # Errors
/// When there is no account that PostgreSQL could run as.
pub fn data_home(data: &Path) -> Result<PathBuf> {
    let account = Account::for_postgres()?;
    Ok(reachable(account.as_ref(), data))
}

/// Creates both databases on the servers just started.
pub(super) async fn create(settings: &Settings) -> Result<DatabaseUrls> {
    let doors = &settings.databases;
    let (rental_port, billing_port) = (doors.rental_db_port, doors.billing_db_port);
    Database::Rental.create(rental_port).await?;
    Database::Billing.create(billing_port).await?;
    Ok(DatabaseUrls {
        rental: Database::Rental.local_url(rental_port),
        billing: Database::Billing.local_url(billing_port),
    })
}

/// Demands that the databases that were given answer.
pub(super) async fn demand_both(urls: &DatabaseUrls) -> Result<()> {
    wait_until_answers(&urls.rental, GIVEN_PATIENCE)
        .await
        .context("RENTAL_DATABASE_URL is set, but no database is there")?;
    wait_until_answers(&urls.billing, GIVEN_PATIENCE)
        .await
        .context("BILLING_DATABASE_URL is set, but no database is there")
}
