//! The least that a tick can keep of its books: which rentals are due, and what was asked for them.

use crate::databases::{Databases, fresh_id};
use crate::plan::Database;
use lambda_http::Error;
use sqlx::Connection;
use uuid::Uuid;

/// Rentals that are leased, each with an attempt that is not settled.
pub struct Batch {
    lease: Uuid,
    rentals: Vec<Uuid>,
    /// As many.
    pub attempts: Vec<Uuid>,
}

impl Databases {
    /// Leases the rentals that have been due for longest at `moment_sec`, in seconds since 1970, and
    /// adds an attempt for each, in one transaction. None when nothing is due.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn intend(&self, moment_sec: i64, limit: i64) -> Result<Option<Batch>, Error> {
        let lease = fresh_id();
        let mut connection = self.connection(Database::Rental).await?;
        let mut open = connection.begin().await?;
        let rentals: Vec<Uuid> = sqlx::query_scalar(
            "UPDATE floor_rentals SET lease = $2
             WHERE id = ANY(ARRAY(
                 SELECT id FROM floor_rentals
                 WHERE due <= to_timestamp($1) AND lease IS NULL
                 ORDER BY due LIMIT $3
                 FOR UPDATE SKIP LOCKED))
             RETURNING id",
        )
        .bind(moment_sec)
        .bind(lease)
        .bind(limit)
        .fetch_all(&mut *open)
        .await?;
        if rentals.is_empty() {
            open.commit().await?;
            return Ok(None);
        }
        let attempts: Vec<Uuid> = rentals.iter().map(|_| fresh_id()).collect();
        sqlx::query(
            "INSERT INTO floor_attempts (id, rental_id, amount, status)
             SELECT id, rental_id, 1, 'OPEN' FROM UNNEST($1::uuid[], $2::uuid[]) AS t (id, rental_id)",
        )
        .bind(&attempts)
        .bind(&rentals)
        .execute(&mut *open)
        .await?;
        open.commit().await?;
        Ok(Some(Batch {
            lease,
            rentals,
            attempts,
        }))
    }

    /// Settles a batch's attempts and gives its rentals back, due again a minute on, in one
    /// transaction.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn settle(&self, moment_sec: i64, batch: &Batch) -> Result<(), Error> {
        let mut connection = self.connection(Database::Rental).await?;
        let mut open = connection.begin().await?;
        sqlx::query("UPDATE floor_attempts SET status = 'SUCCEEDED' WHERE id = ANY($1)")
            .bind(&batch.attempts)
            .execute(&mut *open)
            .await?;
        sqlx::query(
            "UPDATE floor_rentals
             SET paid = paid + 1, lease = NULL,
                 due = date_bin('1 minute', to_timestamp($1), due) + interval '1 minute'
             WHERE id = ANY($2) AND lease = $3",
        )
        .bind(moment_sec)
        .bind(&batch.rentals)
        .bind(batch.lease)
        .execute(&mut *open)
        .await?;
        Ok(open.commit().await?)
    }
}
