//! Idempotency keys: the same key gives the same bytes.

use db::DbError;
use domain::{IdempotencyKey, Moment, RentalId};
use runtime::api::Reply;
use sqlx::PgConnection;

/// Empty while there is no authorizer to tell callers apart.
const CALLER: &str = "";

/// Which endpoint a key was sent to; the same key may be sent to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /api/v1/rentals/start`.
    Start,
    /// `POST /api/v1/rentals/stop`.
    Stop,
}

impl Endpoint {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// What a key was used for.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The parsed fields of the request that came with it first.
    pub fingerprint: String,
    /// The rental which that request was about.
    pub rental_id: RentalId,
    /// None while the request runs, or after it died.
    pub answer: Option<Reply>,
}

/// What is known of `key` at `endpoint`, and the database's time at which it was asked.
///
/// # Errors
/// [`DbError`].
pub async fn find_key(
    connection: &mut PgConnection,
    endpoint: Endpoint,
    key: &IdempotencyKey,
) -> Result<(Option<KeyUse>, Moment), DbError> {
    let row = sqlx::query!(
        r#"
        SELECT app_now() AS "now!", fingerprint AS "fingerprint?", rental_id AS "rental_id?",
               status, response
        FROM (SELECT) AS always
        LEFT JOIN idempotency_keys
               ON caller = $1 AND endpoint = $2 AND key = $3
              AND created_at > app_now() - interval '24 hours'
        "#,
        CALLER,
        endpoint.as_str(),
        key.as_str(),
    )
    .fetch_one(connection)
    .await?;
    let used = row
        .fingerprint
        .zip(row.rental_id)
        .map(|(fingerprint, rental_id)| KeyUse {
            fingerprint,
            rental_id: RentalId::new(rental_id),
            answer: row
                .status
                .and_then(|status| u16::try_from(status).ok())
                .zip(row.response)
                .map(|(status, body)| Reply { status, body }),
        });
    Ok((used, row.now))
}

/// Takes `key` for a request about `rental_id`, with its answer where that is decided already. A
/// key older than a day is free again.
///
/// # Errors
/// [`DbError::Raced`] when another request took it first.
pub async fn insert_key(
    connection: &mut PgConnection,
    endpoint: Endpoint,
    key: &IdempotencyKey,
    fingerprint: &str,
    rental_id: RentalId,
    answer: Option<&Reply>,
) -> Result<(), DbError> {
    let done = sqlx::query!(
        r#"
        INSERT INTO idempotency_keys (caller, endpoint, key, fingerprint, rental_id, status, response)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (caller, endpoint, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, rental_id = excluded.rental_id,
            status = excluded.status, response = excluded.response, created_at = app_now()
        WHERE idempotency_keys.created_at <= app_now() - interval '24 hours'
        "#,
        CALLER,
        endpoint.as_str(),
        key.as_str(),
        fingerprint,
        rental_id.uuid(),
        answer.and_then(|answer| i16::try_from(answer.status).ok()),
        answer.map(|answer| answer.body.as_str()),
    )
    .execute(connection)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(DbError::Raced("another request took the key".to_owned())),
    }
}

/// Stores the answer of the start that began `rental_id`, in the transaction that decided it. The
/// key's day counts from here: a start that was decided late is answered late, and its client is
/// still to learn of its rental.
///
/// # Errors
/// [`DbError`].
pub async fn answer_start(
    connection: &mut PgConnection,
    rental_id: RentalId,
    answer: &Reply,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE idempotency_keys
        SET status = $2, response = $3, created_at = app_now()
        WHERE rental_id = $1 AND endpoint = 'start' AND response IS NULL
        "#,
        rental_id.uuid(),
        i16::try_from(answer.status).ok(),
        answer.body,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Frees the key of a start that was rolled back without an answer: the client may send it again.
///
/// # Errors
/// [`DbError`].
pub async fn forget_start(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE rental_id = $1 AND endpoint = 'start' AND response IS NULL",
        rental_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
