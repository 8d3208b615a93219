//! Databases that are full, for looking at plans and for benchmarks: rentals in any number, loaded in
//! seconds, with books that keep the laws of money.

use crate::databases::Databases;
use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use sqlx::{Connection, Executor, PgConnection};
use std::ops::Range;
use uuid::Uuid;

const NUMBERS: &str = include_str!("bulk/numbers.sql");
const RENTAL: &str = include_str!("bulk/rental.sql");
const BILLING: &str = include_str!("bulk/billing.sql");

/// So many rentals are one transaction in each database.
const CHUNK: u32 = 50_000;

/// What is to be loaded. Rentals are numbered from 0, the oldest: first those that are over, one in
/// ten seconds until two hours ago, then the ACTIVE ones, of which the last are due.
///
/// In db-rental each has its transitions, and those of the last day have their quotes and keys; one
/// in fifty FAILED. In db-billing those that started have their attempts, and some a debt or a refund
/// that is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// How many.
    pub rentals: u32,
    /// How many of them are ACTIVE.
    pub active: u32,
    /// How many of the ACTIVE ones are due for billing by a unit, since less than a minute; another
    /// one falls due each minute. None of the others is due for half an hour.
    pub due: u32,
    /// How many units were paid for each that started, by an attempt of its own; 4,000 at most.
    pub settled_attempts: u32,
    /// One in so many waits with the first of 18 things (a start that stopped half way, an unknown
    /// hold, a copy, a debt that rests, …), the next one with the second, and so on; of the ACTIVE
    /// ones only the flagged. 0 where nothing waits. None of it is due for billing.
    pub waiting_one_in: u32,
}

impl Bulk {
    /// The id of a rental, as the databases keep it; the API's is `rental-` and this. It is less than
    /// any that a flow makes.
    #[must_use]
    pub const fn rental_id(number: u32) -> Uuid {
        let [a, b, c, d] = number.to_be_bytes();
        Uuid::from_bytes([0, 0, a, b, c, d, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0])
    }

    /// The numbers of the ACTIVE rentals.
    #[must_use]
    pub const fn active(&self) -> Range<u32> {
        self.rentals.saturating_sub(self.active)..self.rentals
    }

    /// The numbers of those that are due.
    #[must_use]
    pub const fn due(&self) -> Range<u32> {
        self.rentals.saturating_sub(self.due)..self.rentals
    }
}

impl Databases {
    /// Fills both databases, which have to be empty, and collects their statistics. Tells `progress`
    /// again and again how many rentals are loaded.
    ///
    /// # Errors
    /// When a database does not answer or refuses something, or there are fewer ACTIVE rentals than
    /// due ones, or fewer rentals than ACTIVE ones.
    pub async fn load(&self, bulk: Bulk, mut progress: impl FnMut(u32)) -> Result<()> {
        ensure!(
            bulk.due <= bulk.active && bulk.active <= bulk.rentals,
            "more are due than ACTIVE, or more ACTIVE than there are: {bulk:?}"
        );
        let loaded_at = sqlx::query_scalar("SELECT date_trunc('second', app_now())")
            .fetch_one(&self.rental)
            .await?;
        let [rental, billing] = self.connect().await?;
        let mut rental = Loader::new(rental, RENTAL, bulk, loaded_at).await?;
        let mut billing = Loader::new(billing, BILLING, bulk, loaded_at).await?;
        let mut loaded = 0;
        while loaded < bulk.rentals {
            let next = loaded..loaded.saturating_add(CHUNK).min(bulk.rentals);
            tokio::try_join!(rental.load(next.clone()), billing.load(next.clone()))?;
            loaded = next.end;
            progress(loaded);
        }
        tokio::try_join!(rental.finish(), billing.finish())?;
        Ok(())
    }
}

/// Loads one database, over a connection that no test uses: it keeps what is temporary.
struct Loader {
    connection: PgConnection,
    bulk: Bulk,
    /// The same moment for all rentals in both databases.
    loaded_at: DateTime<Utc>,
}

impl Loader {
    async fn new(
        mut connection: PgConnection,
        rows: &'static str,
        bulk: Bulk,
        loaded_at: DateTime<Utc>,
    ) -> Result<Self> {
        for functions in [NUMBERS, rows] {
            connection.execute(sqlx::raw_sql(functions)).await?;
        }
        Ok(Self {
            connection,
            bulk,
            loaded_at,
        })
    }

    async fn load(&mut self, numbers: Range<u32>) -> Result<()> {
        let Bulk {
            rentals,
            active,
            due,
            settled_attempts,
            waiting_one_in,
        } = self.bulk;
        let mut transaction = self.connection.begin().await?;
        sqlx::query("SELECT pg_temp.number($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(i64::from(numbers.start))
            .bind(i64::from(numbers.end))
            .bind(i64::from(rentals))
            .bind(i64::from(active))
            .bind(i64::from(due))
            .bind(i64::from(settled_attempts))
            .bind(i64::from(waiting_one_in))
            .bind(self.loaded_at)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("SELECT pg_temp.load($1, $2)")
            .bind(i64::from(settled_attempts))
            .bind(self.loaded_at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn finish(mut self) -> Result<()> {
        self.connection.execute("VACUUM (ANALYZE)").await?;
        self.connection.close().await?;
        Ok(())
    }
}
