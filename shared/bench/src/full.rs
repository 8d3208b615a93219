//! Stages whose databases are full, and whose minutes pass when they are told to.

use crate::progress;
use crate::stage::Stage;
use anyhow::Result;
use serde::Serialize;
use sqlx::Executor;
use testkit::Bulk;

const FLOOR_BOOKS: &str = include_str!("floor_books.sql");
/// A unit of each due rental falls due each minute.
const MINUTE_SEC: i64 = 60;

/// How much there is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Fullness {
    pub(crate) rentals: i64,
    /// Of both databases, in bytes.
    pub(crate) bytes: i64,
}

impl Stage {
    /// A stage on which these rentals are loaded.
    pub(crate) async fn with(bulk: Bulk) -> Result<Self> {
        let stage = Self::build().await?;
        let bar = progress::bar("rentals to be loaded", bulk.rentals.into())?;
        stage
            .databases
            .load(bulk, |loaded| bar.set_position(loaded.into()))
            .await?;
        bar.finish_and_clear();
        Ok(stage)
    }

    /// Gives the bare tick as many rentals, of which as many are due.
    pub(crate) async fn load_floor(&self, bulk: Bulk) -> Result<()> {
        let mut connection = self.databases.rental.acquire().await?;
        connection.execute(sqlx::raw_sql(FLOOR_BOOKS)).await?;
        sqlx::query("SELECT pg_temp.load_floor($1, $2)")
            .bind(i64::from(bulk.rentals))
            .bind(i64::from(bulk.due))
            .execute(&mut *connection)
            .await?;
        connection
            .execute("VACUUM (ANALYZE) floor_rentals, floor_attempts")
            .await?;
        Ok(())
    }

    /// So many minutes after it was loaded: for the databases and the outside systems.
    pub(crate) async fn set_minute(&self, minute: i64) -> Result<()> {
        let ahead_sec = minute.saturating_mul(MINUTE_SEC);
        self.databases.set_clocks(ahead_sec, ahead_sec).await?;
        self.stub.set_clock(ahead_sec).await
    }

    /// Its moment, in seconds since 1970.
    pub(crate) async fn moment_sec(&self) -> Result<i64> {
        let moment = "SELECT floor(extract(epoch FROM app_now()))::bigint";
        Ok(sqlx::query_scalar(moment)
            .fetch_one(&self.databases.rental)
            .await?)
    }

    pub(crate) async fn fullness(&self) -> Result<Fullness> {
        let bytes = "SELECT pg_database_size(current_database())";
        let rental: i64 = sqlx::query_scalar(bytes)
            .fetch_one(&self.databases.rental)
            .await?;
        let billing: i64 = sqlx::query_scalar(bytes)
            .fetch_one(&self.databases.billing)
            .await?;
        Ok(Fullness {
            rentals: sqlx::query_scalar("SELECT count(*) FROM rentals")
                .fetch_one(&self.databases.rental)
                .await?,
            bytes: rental.saturating_add(billing),
        })
    }
}
