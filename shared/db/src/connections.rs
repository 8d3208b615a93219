//! The connections to one database.
//!
//! Not sqlx's own pool: that one pings each connection that comes back, which is as many round
//! trips again as a function makes, and keeps it away for so long that the next statement opens
//! another one.

use crate::error::DbError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::fmt;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long one waits for a connection, or for a sign of life of one that was idle.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection that was idle for longer is asked for a sign of life: its peer may have gone without
/// a word, while Lambda had frozen the process.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// Connections that were made, up to so many; each is made when it is first needed.
pub(crate) struct Connections {
    options: PgConnectOptions,
    free: Arc<Semaphore>,
    /// Each with when it was last used.
    idle: Mutex<Vec<(PgConnection, Instant)>>,
}

/// A connection that somebody works with. It goes back only when the work came to an end: one that
/// was cancelled on the way may still stand inside a transaction, or wait on a socket that is dead.
/// Dropped, it is closed.
pub(crate) struct Checkout {
    pub(crate) connection: PgConnection,
    /// It was used before, and may have died since.
    pub(crate) is_reused: bool,
    home: Arc<Connections>,
    permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(crate) fn new(options: PgConnectOptions, most: NonZeroU16) -> Self {
        Self {
            options,
            free: Arc::new(Semaphore::new(most.get().into())),
            idle: Mutex::default(),
        }
    }

    /// The connection that was used last, or a new one.
    pub(crate) async fn check_out(self: &Arc<Self>) -> Result<Checkout, DbError> {
        let free = in_time(Arc::clone(&self.free).acquire_owned()).await?;
        let permit = free.map_err(|closed| DbError::Defect(closed.to_string()))?;
        let reused = self.reuse().await;
        Ok(Checkout {
            is_reused: reused.is_some(),
            connection: match reused {
                Some(connection) => connection,
                None => self.connect().await?,
            },
            home: Arc::clone(self),
            permit,
        })
    }

    /// The connection that was used last; none if it gives no sign of life.
    async fn reuse(&self) -> Option<PgConnection> {
        let (mut connection, used_at) = self.idle().pop()?;
        if used_at.elapsed() > TRUSTED_FOR {
            let is_alive = matches!(in_time(connection.ping()).await, Ok(Ok(())));
            if !is_alive {
                // The others were idle for even longer.
                self.idle().clear();
                return None;
            }
        }
        Some(connection)
    }

    async fn connect(&self) -> Result<PgConnection, DbError> {
        let connected = in_time(PgConnection::connect_with(&self.options)).await?;
        connected.map_err(|error| DbError::Unavailable(error.to_string()))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("host", &self.options.get_host())
            .field("database", &self.options.get_database())
            .finish_non_exhaustive()
    }
}

impl Checkout {
    /// A new connection instead of one that turned out to have died. The others that are idle most
    /// likely died with it.
    pub(crate) async fn renewed(self) -> Result<Self, DbError> {
        let Self {
            connection,
            home,
            permit,
            ..
        } = self;
        drop(connection);
        home.idle().clear();
        Ok(Self {
            connection: home.connect().await?,
            is_reused: false,
            home,
            permit,
        })
    }

    /// The work came to an end, and the connection is as it was.
    pub(crate) fn goes_back(self) {
        self.home.idle().push((self.connection, Instant::now()));
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, DbError> {
    tokio::time::timeout(ACQUIRE_TIMEOUT, work)
        .await
        .map_err(|_| DbError::Unavailable("no connection in time".to_owned()))
}
