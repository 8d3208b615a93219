//! Idempotency keys: the same key gives the same bytes.

use db::DbError;
use domain::{IdempotencyKey, RentalId};
use runtime::api::Reply;
use sqlx::PgConnection;
use uuid::Uuid;

/// Empty while there is no authorizer to tell callers apart.
pub(crate) const CALLER: &str = "";

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

impl KeyUse {
    /// Of the columns of a key's row; none without one.
    pub(crate) fn read(
        fingerprint: Option<String>,
        rental_id: Option<Uuid>,
        status: Option<i16>,
        response: Option<String>,
    ) -> Option<Self> {
        let status = status.and_then(|status| u16::try_from(status).ok());
        Some(Self {
            fingerprint: fingerprint?,
            rental_id: RentalId::new(rental_id?),
            answer: status
                .zip(response)
                .map(|(status, body)| Reply { status, body }),
        })
    }
}

/// What became of a write that takes effect only if what was read still holds.
#[derive(Clone, Debug)]
pub enum Written<T> {
    /// It took effect.
    Done(T),
    /// What was read does not hold any more. Nothing is written.
    MovedOn,
    /// The key is in use: another request was first, or it is old and not purged yet. Nothing is
    /// written.
    KeyTaken,
}

impl<T> Written<T> {
    /// The same, with something else that was done.
    #[must_use]
    pub fn map<U>(self, done: impl FnOnce(T) -> U) -> Written<U> {
        match self {
            Self::Done(value) => Written::Done(done(value)),
            Self::MovedOn => Written::MovedOn,
            Self::KeyTaken => Written::KeyTaken,
        }
    }

    /// Takes a refusal by the key's index for what it is.
    pub(crate) fn unless_key_taken(written: Result<Self, DbError>) -> Result<Self, DbError> {
        match written {
            Err(error) if error.is_refused_by("idempotency_keys_pkey") => Ok(Self::KeyTaken),
            written => written,
        }
    }
}

/// An answer that is stored under the key of the request that it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The request's key.
    pub key: &'a IdempotencyKey,
    /// The request's parsed fields.
    pub fingerprint: &'a str,
    /// The answer.
    pub answer: &'a Reply,
}

/// What is known of `key` at `endpoint`.
///
/// # Errors
/// [`DbError`].
pub async fn find_key(
    connection: &mut PgConnection,
    endpoint: Endpoint,
    key: &IdempotencyKey,
) -> Result<Option<KeyUse>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT fingerprint, rental_id, status, response
        FROM idempotency_keys
        WHERE caller = $1 AND endpoint = $2 AND key = $3
          AND created_at > app_now() - interval '24 hours'
        "#,
        CALLER,
        endpoint.as_str(),
        key.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| {
        let (fingerprint, rental_id) = (Some(row.fingerprint), Some(row.rental_id));
        KeyUse::read(fingerprint, rental_id, row.status, row.response)
    }))
}

/// Stores the answer of a stop that found its rental ended.
///
/// # Errors
/// [`DbError`].
pub async fn answer_stop(
    connection: &mut PgConnection,
    rental_id: RentalId,
    answered: &Answered<'_>,
) -> Result<Written<()>, DbError> {
    let done = sqlx::query!(
        r#"
        INSERT INTO idempotency_keys (caller, endpoint, key, fingerprint, rental_id, status, response)
        VALUES ($1, 'stop', $2, $3, $4, $5, $6)
        "#,
        CALLER,
        answered.key.as_str(),
        answered.fingerprint,
        rental_id.uuid(),
        i16::try_from(answered.answer.status).ok(),
        answered.answer.body,
    )
    .execute(connection)
    .await;
    Written::unless_key_taken(done.map(|_| Written::Done(())).map_err(DbError::from))
}

/// Frees a key that is older than a day and not purged yet; nothing otherwise.
///
/// # Errors
/// [`DbError`].
pub async fn free_old_key(
    connection: &mut PgConnection,
    endpoint: Endpoint,
    key: &IdempotencyKey,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        DELETE FROM idempotency_keys
        WHERE caller = $1 AND endpoint = $2 AND key = $3
          AND created_at <= app_now() - interval '24 hours'
        "#,
        CALLER,
        endpoint.as_str(),
        key.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
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
