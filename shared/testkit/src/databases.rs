//! Two fresh databases for each test, copied from templates that are migrated once a process.

use crate::leaps::Leaps;
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

static TEMPLATES: OnceCell<()> = OnceCell::const_new();
/// How many pairs this process created.
static CREATED: AtomicU64 = AtomicU64::new(0);

/// db-rental and db-billing of one test.
#[derive(Debug)]
pub struct Databases {
    /// db-rental, for looking into.
    pub rental: PgPool,
    /// db-billing, for looking into.
    pub billing: PgPool,
    pub(crate) leaps: Mutex<Leaps>,
    server: PgConnectOptions,
    names: [String; 2],
}

impl Databases {
    /// Two fresh databases on the server of `TEST_DATABASE_URL`, which `make test` starts.
    ///
    /// # Errors
    /// When there is no such server.
    pub async fn create() -> Result<Self> {
        let url: String = runtime::env::Env::of_process().required(
            "TEST_DATABASE_URL",
            "a PostgreSQL server for tests; `make test` starts one",
        )?;
        let server = PgConnectOptions::from_str(&url)?;
        TEMPLATES
            .get_or_try_init(|| create_templates(&server))
            .await?;
        let mut connection = PgConnection::connect_with(&server).await?;
        let id = format!(
            "{}_{}",
            std::process::id(),
            CREATED.fetch_add(1, Ordering::SeqCst)
        );
        let names = [format!("rental_{id}"), format!("billing_{id}")];
        for (name, kind) in names.iter().zip(["rental", "billing"]) {
            let template = template(kind);
            execute(
                &mut connection,
                format!("CREATE DATABASE {name} TEMPLATE {template}"),
            )
            .await?;
        }
        let [rental, billing] = &names;
        let pool = |name: &str| {
            PgPoolOptions::new()
                .max_connections(2)
                .connect_lazy_with(server.clone().database(name))
        };
        Ok(Self {
            rental: pool(rental),
            billing: pool(billing),
            leaps: Mutex::default(),
            server,
            names,
        })
    }

    /// Host and port of the server.
    #[must_use]
    pub fn address(&self) -> (String, u16) {
        (self.server.get_host().to_owned(), self.server.get_port())
    }

    /// The URLs of db-rental and db-billing, each reached through a port of 127.0.0.1.
    #[must_use]
    pub fn urls_through(&self, rental_port: u16, billing_port: u16) -> [String; 2] {
        let user = self.server.get_username();
        let [rental, billing] = &self.names;
        [
            format!("postgres://{user}@127.0.0.1:{rental_port}/{rental}"),
            format!("postgres://{user}@127.0.0.1:{billing_port}/{billing}"),
        ]
    }

    /// Sets how far each database's clock is ahead of the real time.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn set_clocks(&self, rental_ahead_sec: i64, billing_ahead_sec: i64) -> Result<()> {
        let ahead = |seconds: i64| format!("now() + interval '{seconds} seconds'");
        self.define_clocks([ahead(rental_ahead_sec), ahead(billing_ahead_sec)])
            .await
    }

    /// Stops each database's clock at a moment, until it is set again.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn stop_clocks_at(
        &self,
        rental: DateTime<Utc>,
        billing: DateTime<Utc>,
    ) -> Result<()> {
        let at = |moment: DateTime<Utc>| format!("timestamptz '{}'", moment.to_rfc3339());
        self.define_clocks([at(rental), at(billing)]).await
    }

    /// A connection to each of them that no pool keeps.
    pub(crate) async fn connect(&self) -> Result<[PgConnection; 2]> {
        let [rental, billing] = &self.names;
        Ok([
            PgConnection::connect_with(&self.server.clone().database(rental)).await?,
            PgConnection::connect_with(&self.server.clone().database(billing)).await?,
        ])
    }

    async fn define_clocks(&self, [rental, billing]: [String; 2]) -> Result<()> {
        for (pool, now) in [(&self.rental, rental), (&self.billing, billing)] {
            let clock = format!(
                "CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE \
                 RETURN {now}"
            );
            pool.execute(AssertSqlSafe(clock)).await?;
        }
        Ok(())
    }
}

/// Hundreds of tests would fill the disk.
impl Drop for Databases {
    fn drop(&mut self) {
        let (server, names) = (self.server.clone(), self.names.clone());
        let dropping = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect_with(&server).await?;
                for name in names {
                    execute(
                        &mut connection,
                        format!("DROP DATABASE {name} WITH (FORCE)"),
                    )
                    .await?;
                }
                Ok(())
            })
        });
        if let Ok(Err(error)) = dropping.join() {
            tracing::warn!(%error, "a test's databases are still there");
        }
    }
}

async fn create_templates(server: &PgConnectOptions) -> Result<()> {
    let mut connection = PgConnection::connect_with(server).await?;
    for (kind, migrations) in [
        ("rental", &db_rental::MIGRATIONS),
        ("billing", &db_billing::MIGRATIONS),
    ] {
        let name = template(kind);
        execute(&mut connection, format!("DROP DATABASE IF EXISTS {name}")).await?;
        execute(&mut connection, format!("CREATE DATABASE {name}")).await?;
        let mut database = PgConnection::connect_with(&server.clone().database(&name)).await?;
        migrations
            .run(&mut database)
            .await
            .with_context(|| format!("migrating {name}"))?;
        database.close().await?;
    }
    Ok(())
}

/// Each test process has templates of its own.
fn template(kind: &str) -> String {
    format!("template_{kind}_{}", std::process::id())
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<()> {
    connection
        .execute(AssertSqlSafe(sql.clone()))
        .await
        .context(sql)?;
    Ok(())
}

/// A key that no other test uses.
#[must_use]
pub fn fresh_key() -> String {
    Uuid::to_string(&runtime::fresh_id())
}
