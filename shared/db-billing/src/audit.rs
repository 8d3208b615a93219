//! Billed rentals with all rows that belong to them, for an audit: as they stand, of which nothing
//! is taken to make sense.

use chrono::{DateTime, Utc};
use db::{DbError, OperatorAction};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A rental's copy and its books, of one moment. Amounts are whole currency units.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct BillingRows {
    pub rental_id: Uuid,
    pub user_id: String,
    pub price_per_hour: i64,
    pub free_period_min: i32,
    pub buyout: i64,
    pub status: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub total_amount: Option<i64>,
    pub version: i64,
    pub paid: i64,
    pub written_off: i64,
    pub refunded: i64,
    pub next_bill_at: Option<DateTime<Utc>>,
    pub release_due: bool,
    pub lease_token: Option<Uuid>,
    pub lease_until: Option<DateTime<Utc>>,
    pub set_aside_at: Option<DateTime<Utc>>,
    pub set_aside_reason: Option<String>,
    /// The database's time when the rows were read.
    pub now: DateTime<Utc>,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptRow>,
    pub debt: Option<DebtRow>,
    /// Its refunds, oldest first.
    pub refunds: Vec<RefundRow>,
    /// Its outbox rows, in the order in which they were written.
    pub events: Vec<EventRow>,
    /// What people did to its books by hand, oldest first.
    pub operator_actions: Vec<OperatorAction>,
}

/// A payment attempt.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct AttemptRow {
    pub attempt_id: Uuid,
    pub kind: String,
    pub amount: i64,
    pub step: Option<i64>,
    pub status: String,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// A debt, settled or not.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct DebtRow {
    pub amount: i64,
    pub failures: i32,
    pub opened_at: DateTime<Utc>,
    pub next_try_at: DateTime<Utc>,
    pub retried_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// A refund, paid out or not.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct RefundRow {
    pub amount: i64,
    pub owed_at: DateTime<Utc>,
}

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct EventRow {
    pub kind: String,
    pub amount: i64,
    pub created_at: DateTime<Utc>,
}

/// Reads up to `limit` rentals with their rows, in the order of their ids, after `after`; where
/// `only` names some, no others. All of them are of one moment. One that cannot be read is an
/// error in its place.
///
/// # Errors
/// [`DbError`].
pub async fn rentals(
    connection: &mut PgConnection,
    after: Option<Uuid>,
    only: Option<&[Uuid]>,
    limit: i64,
) -> Result<Vec<(Uuid, Result<BillingRows, String>)>, DbError> {
    // One statement sees one moment. What belongs to a rental is found by its id, rental by rental:
    // as a join it would be read whole for each page.
    let rows = sqlx::query!(
        r#"
        WITH page AS MATERIALIZED (
            (SELECT * FROM rentals
             WHERE $2::uuid[] IS NULL AND rental_id > $1
             ORDER BY rental_id
             LIMIT $3)
            UNION ALL
            (SELECT * FROM rentals
             WHERE rental_id = ANY($2) AND rental_id > $1
             ORDER BY rental_id
             LIMIT $3)
        )
        SELECT page.rental_id AS "rental_id!", to_jsonb(page) || jsonb_build_object(
                   'now', app_now(),
                   'attempts', coalesce((
                       SELECT jsonb_agg(to_jsonb(a) ORDER BY a.created_at, a.attempt_id)
                       FROM payment_attempts a
                       WHERE a.rental_id = page.rental_id), '[]'),
                   'debt', (
                       SELECT to_jsonb(d) FROM debts d WHERE d.rental_id = page.rental_id),
                   'refunds', coalesce((
                       SELECT jsonb_agg(to_jsonb(f) ORDER BY f.owed_at, f.refund_id) FROM refunds f
                       WHERE f.rental_id = page.rental_id), '[]'),
                   'events', coalesce((
                       SELECT jsonb_agg(to_jsonb(o) ORDER BY o.position) FROM outbox o
                       WHERE o.rental_id = page.rental_id), '[]'),
                   'operator_actions', coalesce((
                       SELECT jsonb_agg(to_jsonb(a) ORDER BY a.created_at, a.action_id)
                       FROM operator_actions a
                       WHERE a.rental_id = page.rental_id), '[]')
               ) AS "rows!"
        FROM page
        ORDER BY page.rental_id
        "#,
        after.unwrap_or(Uuid::nil()),
        only,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let read = serde_json::from_value(row.rows).map_err(|error| error.to_string());
            (row.rental_id, read)
        })
        .collect())
}
