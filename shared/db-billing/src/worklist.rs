//! What waits in db-billing for a person to say what happened, or what is to be done.

use crate::interval::interval;
use chrono::TimeDelta;
use db::DbError;
use domain::{Moment, PROVIDER_MEMORY, RentalId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// What waits in db-billing, each list oldest first. Amounts are whole currency units.
#[derive(Clone, Debug, Serialize)]
pub struct BillingWorklist {
    /// Rentals that cannot be processed: what is wrong with them?
    pub set_aside: Vec<WaitingRental>,
    /// Attempts that stayed unknown: did the provider take the money?
    pub attempts: Vec<WaitingAttempt>,
    /// Debts that nobody collects any more: are they tried again, or given up?
    pub debts: Vec<WaitingDebt>,
    /// Refunds that are owed: who pays them out?
    pub refunds: Vec<WaitingRefund>,
}

/// A rental that is set aside.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRental {
    /// Which rental.
    pub rental_id: RentalId,
    /// Since when.
    pub set_aside_at: Moment,
    /// Why.
    pub set_aside_reason: Option<String>,
}

/// An attempt that is unknown.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingAttempt {
    /// Under which key the provider was asked.
    pub attempt_id: Uuid,
    /// Which rental; the provider's `order_id`.
    pub rental_id: RentalId,
    /// How much.
    pub amount: i64,
    /// When its intent was committed.
    pub created_at: Moment,
}

/// A debt that nobody collects any more.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingDebt {
    /// Of which rental.
    pub rental_id: RentalId,
    /// Who owes it.
    pub user_id: String,
    /// How much, an open attempt apart.
    pub amount: i64,
    /// Since when.
    pub opened_at: Moment,
}

/// A refund that is owed.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRefund {
    /// Names it.
    pub refund_id: Uuid,
    /// Of which rental.
    pub rental_id: RentalId,
    /// How much.
    pub amount: i64,
    /// Since when.
    pub owed_at: Moment,
}

/// Reads what waits for a person, `limit` of each kind at most.
///
/// # Errors
/// [`DbError`].
pub async fn worklist(
    connection: &mut PgConnection,
    debt_max_age: TimeDelta,
    limit: i64,
) -> Result<BillingWorklist, DbError> {
    Ok(BillingWorklist {
        set_aside: set_aside(&mut *connection, limit).await?,
        attempts: attempts(&mut *connection, limit).await?,
        debts: debts(&mut *connection, debt_max_age, limit).await?,
        refunds: refunds(&mut *connection, limit).await?,
    })
}

async fn set_aside(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<WaitingRental>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, set_aside_at AS "set_aside_at!", set_aside_reason
        FROM rentals
        WHERE set_aside_at IS NOT NULL
        ORDER BY set_aside_at
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingRental {
            rental_id: RentalId::new(row.rental_id),
            set_aside_at: row.set_aside_at,
            set_aside_reason: row.set_aside_reason,
        })
        .collect())
}

async fn attempts(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<WaitingAttempt>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT attempt_id, rental_id, amount, created_at
        FROM payment_attempts
        WHERE status = 'OPEN' AND created_at <= app_now() - $1::interval
        ORDER BY created_at
        LIMIT $2
        "#,
        interval(PROVIDER_MEMORY),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingAttempt {
            attempt_id: row.attempt_id,
            rental_id: RentalId::new(row.rental_id),
            amount: row.amount,
            created_at: row.created_at,
        })
        .collect())
}

async fn debts(
    connection: &mut PgConnection,
    debt_max_age: TimeDelta,
    limit: i64,
) -> Result<Vec<WaitingDebt>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, debts.user_id, amount, opened_at
        FROM debts JOIN rentals USING (rental_id)
        WHERE settled_at IS NULL
          AND (coalesce(retried_at, opened_at) <= app_now() - $1::interval
               OR next_bill_at IS NULL AND NOT EXISTS (
                   SELECT FROM payment_attempts
                   WHERE payment_attempts.rental_id = debts.rental_id
                     AND payment_attempts.status = 'OPEN'))
        ORDER BY coalesce(retried_at, opened_at)
        LIMIT $2
        "#,
        interval(debt_max_age),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingDebt {
            rental_id: RentalId::new(row.rental_id),
            user_id: row.user_id,
            amount: row.amount,
            opened_at: row.opened_at,
        })
        .collect())
}

async fn refunds(connection: &mut PgConnection, limit: i64) -> Result<Vec<WaitingRefund>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT refund_id, rental_id, amount, owed_at
        FROM refunds
        WHERE paid_at IS NULL
        ORDER BY owed_at
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingRefund {
            refund_id: row.refund_id,
            rental_id: RentalId::new(row.rental_id),
            amount: row.amount,
            owed_at: row.owed_at,
        })
        .collect())
}
