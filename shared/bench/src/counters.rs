//! What the server counts for a database.

use anyhow::Result;
use sqlx::PgPool;
use testkit::OwnProcess;

/// Since the database was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    /// Pages that were looked at.
    pub(crate) buffers: i64,
    /// Transactions that came to an end.
    pub(crate) transactions: i64,
}

impl Counters {
    pub(crate) async fn read(database: &PgPool) -> Result<Self> {
        let counters = "SELECT blks_hit + blks_read, xact_commit + xact_rollback
                        FROM pg_stat_database WHERE datname = current_database()";
        let (buffers, transactions) = sqlx::query_as(counters).fetch_one(database).await?;
        Ok(Self {
            buffers,
            transactions,
        })
    }

    /// What was counted since, once `process` is gone: until then the server does not tell all that
    /// it did.
    pub(crate) async fn since(self, database: &PgPool, process: OwnProcess) -> Result<Self> {
        let name = process.application_name();
        drop(process);
        let is_served = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1)";
        while sqlx::query_scalar(is_served)
            .bind(&name)
            .fetch_one(database)
            .await?
        {}
        let now = Self::read(database).await?;
        Ok(Self {
            buffers: now.buffers.saturating_sub(self.buffers),
            transactions: now.transactions.saturating_sub(self.transactions),
        })
    }
}
