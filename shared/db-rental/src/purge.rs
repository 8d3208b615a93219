//! What is kept for a day only.

use db::DbError;
use sqlx::PgConnection;

/// How much went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Quotes that expired a day ago.
    pub quotes: u64,
    /// Idempotency keys a day old.
    pub idempotency_keys: u64,
}

/// Deletes quotes that expired a day ago and keys a day old, `limit` of each at most. The key of
/// a start that still runs stays.
///
/// # Errors
/// [`DbError`].
pub async fn purge(connection: &mut PgConnection, limit: i64) -> Result<Purged, DbError> {
    let quotes = sqlx::query!(
        r#"
        DELETE FROM quotes WHERE quote_id IN (
            SELECT quote_id FROM quotes
            WHERE expires_at < app_now() - interval '24 hours'
            ORDER BY expires_at LIMIT $1)
        "#,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let keys = sqlx::query!(
        r#"
        DELETE FROM idempotency_keys WHERE (caller, endpoint, key) IN (
            SELECT caller, endpoint, key FROM idempotency_keys
            WHERE created_at < app_now() - interval '24 hours' AND response IS NOT NULL
            ORDER BY created_at LIMIT $1)
        "#,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    Ok(Purged {
        quotes: quotes.rows_affected(),
        idempotency_keys: keys.rows_affected(),
    })
}
