//! One plain connection to each database, made when it is first used.

use crate::plan::{Database, Statement, Transaction};
use lambda_http::Error;
use sqlx::{Connection, PgConnection};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use uuid::Uuid;

/// About as much as a row of ours.
const TEXT: &str =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Both databases.
#[derive(Default)]
pub struct Databases {
    rental: Mutex<Option<PgConnection>>,
    billing: Mutex<Option<PgConnection>>,
}

impl Databases {
    /// Runs a transaction.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn transaction(&self, transaction: &Transaction) -> Result<(), Error> {
        let mut connection = self.connection(transaction.database).await?;
        let mut open = connection.begin().await?;
        for _ in 0..transaction.reads {
            read(&mut open).await?;
        }
        for _ in 0..transaction.writes {
            write(&mut open).await?;
        }
        Ok(open.commit().await?)
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn statement(&self, statement: &Statement) -> Result<(), Error> {
        let mut connection = self.connection(statement.database).await?;
        if statement.writes {
            write(&mut connection).await
        } else {
            read(&mut connection).await
        }
    }

    pub(crate) async fn connection(
        &self,
        database: Database,
    ) -> Result<MappedMutexGuard<'_, PgConnection>, Error> {
        let (slot, variable) = match database {
            Database::Rental => (&self.rental, "RENTAL_DATABASE_URL"),
            Database::Billing => (&self.billing, "BILLING_DATABASE_URL"),
        };
        let mut slot = slot.lock().await;
        if slot.is_none() {
            #[expect(clippy::disallowed_methods, reason = "bare: it uses nothing of ours")]
            let url = std::env::var(variable)?;
            *slot = Some(PgConnection::connect(&url).await?);
        }
        MutexGuard::try_map(slot, Option::as_mut).map_err(|_| "not connected".into())
    }
}

async fn read(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query_scalar::<_, String>("SELECT text FROM floor WHERE id = $1")
        .bind(Uuid::nil())
        .fetch_optional(connection)
        .await?;
    Ok(())
}

async fn write(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("INSERT INTO floor (id, text) VALUES ($1, $2)")
        .bind(fresh_id())
        .bind(TEXT)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) fn fresh_id() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "bare: it uses nothing of ours")]
    Uuid::now_v7()
}
