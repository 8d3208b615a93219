//! The transactions.

use crate::connections::{ACQUIRE_TIMEOUT, Connections};
use crate::error::DbError;
use runtime::env::{Env, EnvError};
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::error::Elapsed;

const STATEMENT_TIMEOUT_MS: &str = "2000";
/// A session that stops inside a transaction must not keep its locks.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "5000";
/// Bounds what the server's own time-outs cannot: sockets that froze.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;
/// A function that serves one request at a time opens one; reconcile works side by side.
const DEFAULT_MAX_CONNECTIONS: NonZeroU16 = NonZeroU16::new(8).unwrap();

/// One of the two databases. Cheap to clone; connects when first used.
#[derive(Clone, Debug)]
pub struct Database {
    connections: Arc<Connections>,
}

impl Database {
    /// The database that the environment's `variable` names, with at most
    /// `DATABASE_MAX_CONNECTIONS` to it; no connection is made yet.
    ///
    /// # Errors
    /// [`EnvError`] when it is not set, or not a PostgreSQL URL.
    pub fn from_env(env: &Env, variable: &'static str) -> Result<Self, EnvError> {
        let meaning = "a PostgreSQL URL, postgres://user:password@host:port/name";
        let options: PgConnectOptions = env.required(variable, meaning)?;
        let most = env.or("DATABASE_MAX_CONNECTIONS", DEFAULT_MAX_CONNECTIONS)?;
        Ok(Self::of(options, most))
    }

    /// The database at `url`, for tools that are told where it is; no connection is made yet.
    ///
    /// # Errors
    /// [`DbError`] when it is not a PostgreSQL URL.
    pub fn at(url: &str) -> Result<Self, DbError> {
        Ok(Self::of(url.parse()?, DEFAULT_MAX_CONNECTIONS))
    }

    fn of(options: PgConnectOptions, most: NonZeroU16) -> Self {
        let options = options.options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS),
            (
                "idle_in_transaction_session_timeout",
                IDLE_IN_TRANSACTION_TIMEOUT_MS,
            ),
            // Each statement is planned once, when it first comes. The server would plan it anew
            // for its first five parameters, and some for ever.
            ("plan_cache_mode", "force_generic_plan"),
        ]);
        Self {
            connections: Arc::new(Connections::new(options, most)),
        }
    }

    /// Runs `work` in one transaction and commits it. `name` is for logs.
    ///
    /// When another transaction was in the way, everything is rolled back and `work` runs again:
    /// it must not have effects outside the database.
    ///
    /// # Errors
    /// Whatever `work` returns (nothing is then committed), and [`DbError`] of the database. After
    /// [`DbError::Unavailable`] and [`DbError::Broken`] it is unknown whether the commit happened.
    pub async fn tx<T>(
        &self,
        name: &'static str,
        work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        again_if_raced(name, async || self.try_tx(&work).await).await
    }

    /// Runs `work`, one statement that needs no transaction around it: a single round trip. It must
    /// be one that can be repeated: when another transaction was in the way, or its connection
    /// breaks, it runs again.
    ///
    /// # Errors
    /// Whatever `work` returns, and [`DbError`] of the database. After [`DbError::Unavailable`] and
    /// [`DbError::Broken`] it is unknown whether the statement took effect.
    pub async fn statement<T>(
        &self,
        name: &'static str,
        work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        again_if_raced(name, async || self.try_statement(&work).await).await
    }

    async fn try_statement<T>(
        &self,
        work: &impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut checkout = self.connections.check_out().await?;
        loop {
            let result = work(&mut checkout.connection).await;
            match result {
                // It may have died before it was used.
                Err(DbError::Broken(_)) if checkout.is_reused => {
                    checkout = checkout.renewed().await?;
                }
                Err(error) if error.is_lost_connection() => return Err(error),
                result => {
                    checkout.goes_back();
                    return result;
                }
            }
        }
    }

    async fn try_tx<T>(
        &self,
        work: &impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut checkout = self.connections.check_out().await?;
        loop {
            let begun = tokio::time::timeout(ACQUIRE_TIMEOUT, checkout.connection.begin()).await;
            let done = match hung_or(begun) {
                // It died before it was used: nothing has happened yet.
                Err(DbError::Broken(_)) if checkout.is_reused => None,
                begun => Some(work_in(begun?, work).await),
            };
            match done {
                None => checkout = checkout.renewed().await?,
                Some(Done { result, is_over }) => {
                    if is_over {
                        checkout.goes_back();
                    }
                    return result;
                }
            }
        }
    }

    /// Whether the database answers within `within`.
    pub async fn is_connected(&self, within: Duration) -> bool {
        let ping = self.statement("ping", async |connection| Ok(connection.ping().await?));
        matches!(tokio::time::timeout(within, ping).await, Ok(Ok(())))
    }
}

async fn again_if_raced<T>(
    name: &'static str,
    work: impl AsyncFn() -> Result<T, DbError>,
) -> Result<T, DbError> {
    let mut tries = 1;
    loop {
        let result = tokio::time::timeout(TRANSACTION_TIMEOUT, work())
            .await
            .unwrap_or_else(|_| Err(DbError::Unavailable(format!("{name} took too long"))));
        match result {
            Err(DbError::Raced(why)) if tries < TRIES => {
                tracing::debug!(transaction = name, tries, why, "trying again");
                tries = tries.saturating_add(1);
            }
            Err(error) => {
                tracing::debug!(transaction = name, %error, "the transaction failed");
                return Err(error);
            }
            Ok(value) => return Ok(value),
        }
    }
}

/// What became of the work in a transaction, and whether that is over for the server, too.
struct Done<T> {
    result: Result<T, DbError>,
    is_over: bool,
}

async fn work_in<T>(
    mut tx: Transaction<'_, Postgres>,
    work: &impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
) -> Done<T> {
    match work(&mut tx).await {
        Ok(value) => {
            let committed = tx.commit().await;
            Done {
                is_over: committed.is_ok(),
                result: committed.map(|()| value).map_err(DbError::from),
            }
        }
        Err(error) => Done {
            // At once, not when the connection is used next: until then its locks would stand.
            is_over: !error.is_lost_connection() && tx.rollback().await.is_ok(),
            result: Err(error),
        },
    }
}

/// A connection whose peer went without a word does not answer at all.
fn hung_or<T>(begun: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, DbError> {
    let begun = begun.map_err(|_| DbError::Broken("it does not answer".to_owned()))?;
    Ok(begun?)
}

/// The database of somebody else's connections: for tests, which look into it as well.
impl From<&PgPool> for Database {
    fn from(pool: &PgPool) -> Self {
        let options = PgConnectOptions::clone(&pool.connect_options());
        Self::of(options, DEFAULT_MAX_CONNECTIONS)
    }
}

/// Runs `work` in a savepoint: when it fails, what it wrote is undone, and the transaction around it
/// can go on.
///
/// # Errors
/// Whatever `work` returns, and [`DbError`] of the database.
pub async fn savepoint<T>(
    connection: &mut PgConnection,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    let mut savepoint = connection.begin().await?;
    let value = work(&mut savepoint).await?;
    savepoint.commit().await?;
    Ok(value)
}
