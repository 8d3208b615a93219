//! What is measured: two databases, the stubs, and the functions beside their floor.

use anyhow::{Context, Result};
use serde_json::json;
use sqlx::Executor;
use testkit::{Databases, Lambda, OwnProcess, Settings, Stub};

/// The function that ours on HTTP are set beside.
pub(crate) const FLOOR: &str = "floor";
/// The one that the tick is set beside.
pub(crate) const TICK_FLOOR: &str = "floor-tick";
pub(crate) const STATION: &str = "station-456";
pub(crate) const USER: &str = "user-123";
const FLOOR_TABLES: &str = include_str!("floor.sql");
/// No station runs out while it is measured.
const MANY: u64 = 1_000_000_000;

pub(crate) struct Stage {
    pub(crate) databases: Databases,
    pub(crate) stub: Stub,
    pub(crate) lambda: Lambda,
}

impl Stage {
    /// Nothing stands between the functions and what they talk to.
    pub(crate) async fn build() -> Result<Self> {
        let databases = Databases::create().await?;
        for database in [&databases.rental, &databases.billing] {
            database.execute(sqlx::raw_sql(FLOOR_TABLES)).await?;
        }
        let stub = Stub::start().await?;
        let stock = json!({ "available_powerbanks": MANY });
        stub.put(&format!("/admin/stations/{STATION}"), stock)
            .await?;
        stub.set_balance(USER, 1_000_000_000_000).await?;
        let lambda = Lambda::start(Settings {
            env: environment(&databases, &stub),
            ..Settings::default()
        })
        .await?;
        Ok(Self {
            databases,
            stub,
            lambda,
        })
    }

    /// A process that waits for work.
    pub(crate) async fn process(&self, function: &str) -> Result<OwnProcess> {
        let process = self.lambda.process(function, &[])?;
        process
            .first_poll()
            .await
            .with_context(|| format!("{function} dies when it is started"))?;
        Ok(process)
    }
}

fn environment(databases: &Databases, stub: &Stub) -> Vec<(String, String)> {
    let (_, port) = databases.address();
    let [rental, billing] = databases.urls_through(port, port);
    let mut env = vec![
        ("RENTAL_DATABASE_URL".to_owned(), rental),
        ("BILLING_DATABASE_URL".to_owned(), billing),
    ];
    for system in ["STATIONS", "TARIFFS", "USERS", "CONFIGS", "PAYMENTS"] {
        env.push((format!("{system}_URL"), stub.url()));
    }
    env
}
