//! Rentals with all rows that belong to them, for an audit: as they stand, of which nothing is
//! taken to make sense.

use chrono::{DateTime, Utc};
use db::{DbError, OperatorAction};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A rental and its rows, of one moment. Amounts are whole currency units.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct RentalRows {
    pub rental_id: Uuid,
    pub quote_id: Uuid,
    pub user_id: String,
    pub station_id: String,
    pub price_per_hour: i64,
    pub free_period_min: i32,
    pub deposit: i64,
    pub buyout: i64,
    pub status: String,
    pub version: i64,
    pub powerbank_id: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub buyout_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub total_amount: Option<i64>,
    pub hold_status: String,
    pub hold_id: Option<Uuid>,
    pub hold_expires_at: Option<DateTime<Utc>>,
    pub release_id: Option<Uuid>,
    pub eject_id: Option<Uuid>,
    pub eject_expires_at: Option<DateTime<Utc>>,
    pub lease_token: Option<Uuid>,
    pub lease_until: Option<DateTime<Utc>>,
    pub flagged_at: Option<DateTime<Utc>>,
    /// The database's time when the rows were read.
    pub now: DateTime<Utc>,
    /// Its outbox rows, by their versions.
    pub transitions: Vec<TransitionRow>,
    /// The idempotency keys that were used for it, oldest first.
    pub keys: Vec<KeyRow>,
    /// What people did to it by hand, oldest first.
    pub operator_actions: Vec<OperatorAction>,
    /// Other rentals of its quote that did not fail.
    pub same_quote: Vec<Uuid>,
    /// Other open rentals of its power bank that are not flagged.
    pub same_powerbank: Vec<Uuid>,
}

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct TransitionRow {
    pub version: i64,
    pub payload: serde_json::Value,
    pub created_at: DateTime<Utc>,
    pub copied_at: Option<DateTime<Utc>>,
    pub copy_error: Option<String>,
    pub return_station_id: Option<String>,
    pub returned_at: Option<DateTime<Utc>>,
    pub return_error: Option<String>,
}

/// An idempotency key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the columns, as the migrations explain them")]
pub struct KeyRow {
    pub endpoint: String,
    pub key: String,
    pub status: Option<i16>,
    pub response: Option<String>,
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
) -> Result<Vec<(Uuid, Result<RentalRows, String>)>, DbError> {
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
                   'transitions', coalesce((
                       SELECT jsonb_agg(to_jsonb(o) ORDER BY o.version, o.position) FROM outbox o
                       WHERE o.rental_id = page.rental_id), '[]'),
                   'keys', coalesce((
                       SELECT jsonb_agg(to_jsonb(k) ORDER BY k.created_at, k.key)
                       FROM idempotency_keys k
                       WHERE k.rental_id = page.rental_id), '[]'),
                   'operator_actions', coalesce((
                       SELECT jsonb_agg(to_jsonb(a) ORDER BY a.created_at, a.action_id)
                       FROM operator_actions a
                       WHERE a.rental_id = page.rental_id), '[]'),
                   'same_quote', coalesce((
                       SELECT jsonb_agg(o.rental_id ORDER BY o.rental_id) FROM rentals o
                       WHERE o.quote_id = page.quote_id AND o.status <> 'FAILED'
                         AND o.rental_id <> page.rental_id), '[]'),
                   'same_powerbank', coalesce((
                       SELECT jsonb_agg(o.rental_id ORDER BY o.rental_id) FROM rentals o
                       WHERE o.powerbank_id = page.powerbank_id AND o.status = 'ACTIVE'
                         AND o.flagged_at IS NULL AND o.rental_id <> page.rental_id), '[]')
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
