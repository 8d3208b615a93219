//! The outbox: what other systems are still to be told of a rental's transitions.

use crate::rental::{KEY_RETENTION, Rental};
use db::{BadRow, DbError};
use domain::{Intent, Moment, PowerbankId, RentalEvent, RentalId, StationId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A transition that billing has not been told of.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names the row, and lets the consumer drop repeats.
    pub event_id: Uuid,
    /// The whole rental; an error for a row that cannot be read.
    pub event: Result<RentalEvent, String>,
}

/// A power bank that came back and has not been reported to its station.
#[derive(Clone, Debug)]
pub struct PowerbankReturn {
    /// Under the row's id; it expires 23 hours after the transition, or after it was requeued.
    pub intent: Intent,
    /// Where it was put back.
    pub station_id: StationId,
    /// Which one.
    pub powerbank_id: PowerbankId,
}

/// What the row of a transition tells.
pub(crate) fn payload(event: &RentalEvent) -> Result<serde_json::Value, DbError> {
    serde_json::to_value(event)
        .map_err(|error| DbError::Defect(format!("an event does not serialize: {error}")))
}

/// Writes the row of a transition, in the transition's transaction.
pub(crate) async fn insert_outbox(
    connection: &mut PgConnection,
    rental: &Rental,
    event_id: Uuid,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO outbox (event_id, rental_id, version, payload) VALUES ($1, $2, $3, $4)",
        event_id,
        rental.rental_id.uuid(),
        rental.version,
        payload(&rental.event())?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest transitions that billing has not been told of.
///
/// # Errors
/// [`DbError`].
pub async fn to_copy(connection: &mut PgConnection, limit: i64) -> Result<Vec<Delivery>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT event_id, payload
        FROM outbox
        WHERE copied_at IS NULL AND copy_error IS NULL
        ORDER BY position
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Delivery {
            event_id: row.event_id,
            event: serde_json::from_value(row.payload).map_err(|error| error.to_string()),
        })
        .collect())
}

/// Notes that billing was told. A row that somebody set aside meanwhile waits for nobody any more.
///
/// # Errors
/// [`DbError`].
pub async fn copied(connection: &mut PgConnection, event_ids: &[Uuid]) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE outbox SET copied_at = app_now(), copy_error = NULL
        WHERE event_id = ANY($1) AND copied_at IS NULL
        "#,
        event_ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets a row aside that billing cannot take, so that it holds up no other; not one that somebody
/// delivered meanwhile.
///
/// # Errors
/// [`DbError`].
pub async fn set_aside_copy(
    connection: &mut PgConnection,
    event_id: Uuid,
    why: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET copy_error = $2 WHERE event_id = $1 AND copied_at IS NULL",
        event_id,
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest power banks that came back and were not reported to their station, after the
/// position `after`. A row that cannot be read is an error in its place.
///
/// # Errors
/// [`DbError`].
pub async fn to_return(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Result<PowerbankReturn, BadRow>)>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT position, event_id, return_station_id AS "station_id!",
               CASE WHEN isfinite(return_expires_at) THEN return_expires_at END AS expires_at,
               rentals.powerbank_id AS "powerbank_id!"
        FROM outbox
        JOIN rentals USING (rental_id)
        WHERE return_station_id IS NOT NULL AND returned_at IS NULL AND return_error IS NULL
          AND position > $1
        ORDER BY position
        LIMIT $2
        "#,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let read = |event_id, expires_at: Option<Moment>, station_id: String, powerbank_id: String| {
        let bad = |column| move |error| BadRow::new("outbox", column, error);
        let no_moment = || BadRow::new("outbox", "return_expires_at", "it is no moment");
        Ok(PowerbankReturn {
            intent: Intent {
                id: event_id,
                expires_at: expires_at.ok_or_else(no_moment)?,
            },
            station_id: station_id.try_into().map_err(bad("return_station_id"))?,
            powerbank_id: powerbank_id.try_into().map_err(bad("powerbank_id"))?,
        })
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                row.position,
                read(
                    row.event_id,
                    row.expires_at,
                    row.station_id,
                    row.powerbank_id,
                ),
            )
        })
        .collect())
}

/// Notes that the station was told. A row that somebody set aside meanwhile waits for nobody any
/// more.
///
/// # Errors
/// [`DbError`].
pub async fn returned(connection: &mut PgConnection, event_id: Uuid) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE outbox SET returned_at = app_now(), return_error = NULL
        WHERE event_id = $1 AND returned_at IS NULL
        "#,
        event_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets a row aside whose station refuses the power bank; not one that somebody delivered meanwhile.
///
/// # Errors
/// [`DbError`].
pub async fn set_aside_return(
    connection: &mut PgConnection,
    event_id: Uuid,
    why: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET return_error = $2 WHERE event_id = $1 AND returned_at IS NULL",
        event_id,
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets set-aside rows of a rental be delivered again. Returns how many there were.
///
/// # Errors
/// [`DbError`].
pub async fn requeue(connection: &mut PgConnection, rental_id: RentalId) -> Result<u64, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE outbox
        SET copy_error = NULL, return_error = NULL,
            return_expires_at = CASE WHEN return_error IS NULL THEN return_expires_at
                                     ELSE app_now() + $2 END
        WHERE rental_id = $1 AND (copy_error IS NOT NULL OR return_error IS NOT NULL)
        "#,
        rental_id.uuid(),
        KEY_RETENTION,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A transition and how far its deliveries are, for an operator.
#[derive(Clone, Debug, Serialize)]
pub struct ShownTransition {
    /// Names the row.
    pub event_id: Uuid,
    /// Counts the rental's transitions.
    pub version: i64,
    /// The whole rental as it was then.
    pub payload: serde_json::Value,
    /// When it happened.
    pub created_at: Moment,
    /// When billing was told.
    pub copied_at: Option<Moment>,
    /// Why billing refuses it.
    pub copy_error: Option<String>,
    /// When the station was told.
    pub returned_at: Option<Moment>,
    /// Why the station refuses it.
    pub return_error: Option<String>,
}

/// Every transition of a rental, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn transitions(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Vec<ShownTransition>, DbError> {
    let rows = sqlx::query_as!(
        ShownTransition,
        r#"
        SELECT event_id, version, payload, created_at, copied_at, copy_error, returned_at,
               return_error
        FROM outbox
        WHERE rental_id = $1
        ORDER BY version
        "#,
        rental_id.uuid(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}
