//! Everything billing knows about one rental, for an operator.

use db::DbError;
use domain::{Moment, RentalId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A rental's books.
#[derive(Clone, Debug, Serialize)]
pub struct ShownBilling {
    /// The copy's state.
    pub status: String,
    /// The copy's version.
    pub version: i64,
    /// `P`: the sum of succeeded attempts.
    pub paid: i64,
    /// `U`: the amount of the open attempt.
    pub open: i64,
    /// `D`: owed, and not in the open attempt.
    pub debt: i64,
    /// When the debt arose.
    pub debt_opened_at: Option<Moment>,
    /// When an operator last had it tried again after it grew too old.
    pub debt_retried_at: Option<Moment>,
    /// Declined collections in a row.
    pub debt_failures: i32,
    /// When the debt is tried next.
    pub debt_next_try_at: Option<Moment>,
    /// `W`: debt that an operator gave up.
    pub written_off: i64,
    /// `R`: the sum of refunds owed, paid out or not.
    pub refunded: i64,
    /// Nothing is done before it.
    pub next_bill_at: Option<Moment>,
    /// Until when a tick may be working on it.
    pub lease_until: Option<Moment>,
    /// Since when it waits for an operator.
    pub set_aside_at: Option<Moment>,
    /// Why.
    pub set_aside_reason: Option<String>,
}

/// A clear.
#[derive(Clone, Debug, Serialize)]
pub struct ShownAttempt {
    /// Also its `Idempotency-Key`.
    pub attempt_id: Uuid,
    /// CHARGE or COLLECTION.
    pub kind: String,
    /// What it asks for.
    pub amount: i64,
    /// OPEN, SUCCEEDED, DECLINED or EXPIRED.
    pub status: String,
    /// When its intent was committed.
    pub created_at: Moment,
    /// When its outcome was.
    pub settled_at: Option<Moment>,
}

/// Money owed back.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRefund {
    /// Names it, for `mark-refund-paid`.
    pub refund_id: Uuid,
    /// How much.
    pub amount: i64,
    /// Since when.
    pub owed_at: Moment,
    /// When an operator marked it as paid.
    pub paid_at: Option<Moment>,
}

/// Reads the books of one rental; none when billing does not know it.
///
/// # Errors
/// [`DbError`].
pub async fn show(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Option<(ShownBilling, Vec<ShownAttempt>, Vec<ShownRefund>)>, DbError> {
    let id = rental_id.uuid();
    let billing = sqlx::query_as!(
        ShownBilling,
        r#"
        SELECT r.status, r.version, r.paid, coalesce(a.amount, 0) AS "open!",
               coalesce(d.amount, 0) AS "debt!", coalesce(d.failures, 0) AS "debt_failures!",
               d.next_try_at AS "debt_next_try_at?", d.opened_at AS "debt_opened_at?",
               d.retried_at AS "debt_retried_at?", r.written_off,
               r.refunded, r.next_bill_at, r.lease_until, r.set_aside_at, r.set_aside_reason
        FROM rentals r
        LEFT JOIN LATERAL (
            SELECT * FROM payment_attempts a
            WHERE a.rental_id = r.rental_id AND a.status = 'OPEN' LIMIT 1) a ON true
        LEFT JOIN LATERAL (
            SELECT * FROM debts d WHERE d.rental_id = r.rental_id LIMIT 1) d ON d.settled_at IS NULL
        WHERE r.rental_id = $1
        "#,
        id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(billing) = billing else {
        return Ok(None);
    };
    let attempts = sqlx::query_as!(
        ShownAttempt,
        r#"
        SELECT attempt_id, kind, amount, status, created_at, settled_at
        FROM payment_attempts
        WHERE rental_id = $1
        ORDER BY created_at, attempt_id
        "#,
        id,
    )
    .fetch_all(&mut *connection)
    .await?;
    let refunds = sqlx::query_as!(
        ShownRefund,
        "SELECT refund_id, amount, owed_at, paid_at FROM refunds WHERE rental_id = $1 ORDER BY owed_at",
        id,
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(Some((billing, attempts, refunds)))
}
