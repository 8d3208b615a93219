//! The pool and the transactions.

use crate::error::DbError;
use runtime::env::{Env, EnvError};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection, Postgres};
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::error::Elapsed;

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
const STATEMENT_TIMEOUT_MS: &str = "2000";
/// A session that stops inside a transaction must not keep its locks.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "5000";
/// Bounds what the server's own time-outs cannot: sockets that froze.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;
/// A function that serves one request at a time opens one; reconcile works side by side.
const DEFAULT_MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(8).unwrap();

/// One of the two databases. Cheap to clone; connects when first used.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
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
        let max_connections = env.or("DATABASE_MAX_CONNECTIONS", DEFAULT_MAX_CONNECTIONS)?;
        Ok(Self::of(options, max_connections))
    }

    /// The database at `url`, for tools that are told where it is; no connection is made yet.
    ///
    /// # Errors
    /// [`DbError`] when it is not a PostgreSQL URL.
    pub fn at(url: &str) -> Result<Self, DbError> {
        Ok(Self::of(url.parse()?, DEFAULT_MAX_CONNECTIONS))
    }

    fn of(options: PgConnectOptions, max_connections: NonZeroU32) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(max_connections.get())
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection that died while it was idle shows when it is used, and costs no other
            // one a round trip.
            .test_before_acquire(false)
            .connect_lazy_with(options.options([
                ("statement_timeout", STATEMENT_TIMEOUT_MS),
                (
                    "idle_in_transaction_session_timeout",
                    IDLE_IN_TRANSACTION_TIMEOUT_MS,
                ),
            ]));
        Self { pool }
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
        let mut tries = 1;
        loop {
            let result = tokio::time::timeout(TRANSACTION_TIMEOUT, self.try_tx(&work))
                .await
                .unwrap_or_else(|_| Err(DbError::Unavailable(format!("{name} took too long"))));
            match result {
                Err(DbError::Raced(why)) if tries < TRIES => {
                    tracing::debug!(
                        transaction = name,
                        tries,
                        why,
                        "trying the transaction again"
                    );
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

    /// Runs `work`, one statement that needs no transaction around it: a single round trip. It must
    /// be one that can be repeated: when its connection breaks, it runs again on another.
    ///
    /// # Errors
    /// Whatever `work` returns, and [`DbError`] of the database.
    pub async fn statement<T>(
        &self,
        name: &'static str,
        work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let run = async {
            let mut idle = self.pool.options().get_max_connections();
            loop {
                let mut checkout = Checkout::of(&self.pool).await?;
                let result = work(&mut checkout.connection).await;
                checkout.came_to_an_end(&result);
                match result {
                    Err(DbError::Broken(_)) if idle > 0 => idle = idle.saturating_sub(1),
                    result => return result,
                }
            }
        };
        tokio::time::timeout(TRANSACTION_TIMEOUT, run)
            .await
            .unwrap_or_else(|_| Err(DbError::Unavailable(format!("{name} took too long"))))
    }

    async fn try_tx<T>(
        &self,
        work: &impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut idle = self.pool.options().get_max_connections();
        loop {
            let mut checkout = Checkout::of(&self.pool).await?;
            let begun = tokio::time::timeout(ACQUIRE_TIMEOUT, checkout.connection.begin()).await;
            let mut tx = match hung_or(begun) {
                // It died while it was idle: nothing has happened yet.
                Err(DbError::Broken(_)) if idle > 0 => {
                    idle = idle.saturating_sub(1);
                    continue;
                }
                begun => begun?,
            };
            let result = async {
                let value = work(&mut tx).await?;
                tx.commit().await?;
                Ok(value)
            }
            .await;
            checkout.came_to_an_end(&result);
            return result;
        }
    }

    /// Whether the database answers within `within`.
    pub async fn is_connected(&self, within: Duration) -> bool {
        let ping = async {
            let mut checkout = Checkout::of(&self.pool).await?;
            let result = checkout.connection.ping().await.map_err(DbError::from);
            checkout.came_to_an_end(&result);
            result
        };
        matches!(tokio::time::timeout(within, ping).await, Ok(Ok(())))
    }
}

/// A connection whose peer went without a word does not answer at all.
fn hung_or<T>(begun: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, DbError> {
    let begun = begun.map_err(|_| DbError::Broken("it does not answer".to_owned()))?;
    Ok(begun?)
}

/// A database that somebody else connects to: for tests, which look into it as well.
impl From<PgPool> for Database {
    fn from(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// A connection out of the pool. It goes back only when its work came to an end: one that was
/// cancelled on the way may still stand inside a transaction, or wait on a socket that is dead.
struct Checkout {
    connection: PoolConnection<Postgres>,
    may_go_back: bool,
}

impl Checkout {
    async fn of(pool: &PgPool) -> Result<Self, DbError> {
        let connection = pool
            .acquire()
            .await
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Self {
            connection,
            may_go_back: false,
        })
    }

    fn came_to_an_end<T>(&mut self, result: &Result<T, DbError>) {
        self.may_go_back = !matches!(result, Err(DbError::Unavailable(_) | DbError::Broken(_)));
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if !self.may_go_back {
            self.connection.close_on_drop();
        }
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
