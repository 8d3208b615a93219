//! What a stop depends on, read in one round trip.

use crate::keys::{CALLER, KeyUse};
use crate::rental::{read, read_end};
use crate::terms::price;
use chrono::{DateTime, Utc};
use db::{BadRow, DbError};
use domain::{
    End, IdempotencyKey, Moment, PowerbankId, RentalEvent, RentalId, RentalStatus, Running,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// A rental that is asked to stop, and what the request's key was used for before.
#[derive(Debug)]
pub struct StopFound {
    /// The key's use.
    pub used: Option<KeyUse>,
    /// The rental; an error for a row that cannot be read.
    pub rental: Result<StoppedRental, BadRow>,
    /// The database's time when it was read.
    pub now: Moment,
}

/// A rental as a stop meets it.
#[derive(Clone, Debug)]
pub struct StoppedRental {
    /// As its latest transition left it.
    pub event: RentalEvent,
    /// Its start and price.
    pub running: Running,
    /// None until somebody wrote an end down.
    pub end: Option<End>,
}

/// Reads all that a stop depends on, without locking it; none when the rental is unknown or has
/// not started.
///
/// # Errors
/// [`DbError`].
pub async fn find_stop(
    connection: &mut PgConnection,
    key: &IdempotencyKey,
    rental_id: RentalId,
) -> Result<Option<StopFound>, DbError> {
    let Some(mut row) = sqlx::query_as!(
        Row,
        r#"
        SELECT r.rental_id, r.version, r.status, r.user_id, r.station_id, r.powerbank_id,
               r.price_per_hour, r.free_period_min, r.buyout, r.started_at AS "started_at!",
               r.finished_at, r.total_amount, app_now() AS "now!",
               k.fingerprint AS "fingerprint?", k.rental_id AS "answered_rental_id?",
               k.status AS answered_status, k.response
        FROM rentals r
        LEFT JOIN idempotency_keys k
               ON k.caller = $1 AND k.endpoint = 'stop' AND k.key = $2
              AND k.created_at > app_now() - interval '24 hours'
        WHERE r.rental_id = $3 AND r.started_at IS NOT NULL
        "#,
        CALLER,
        key.as_str(),
        rental_id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    else {
        return Ok(None);
    };
    Ok(Some(StopFound {
        used: KeyUse::read(
            row.fingerprint.take(),
            row.answered_rental_id,
            row.answered_status,
            row.response.take(),
        ),
        now: row.now,
        rental: row.try_into(),
    }))
}

struct Row {
    rental_id: Uuid,
    version: i64,
    status: String,
    user_id: String,
    station_id: String,
    powerbank_id: Option<String>,
    price_per_hour: i64,
    free_period_min: i32,
    buyout: i64,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    total_amount: Option<i64>,
    now: DateTime<Utc>,
    fingerprint: Option<String>,
    answered_rental_id: Option<Uuid>,
    answered_status: Option<i16>,
    response: Option<String>,
}

impl TryFrom<Row> for StoppedRental {
    type Error = BadRow;

    fn try_from(row: Row) -> Result<Self, BadRow> {
        let status: RentalStatus = read("status", row.status.parse())?;
        let price = price(
            "rentals",
            row.price_per_hour,
            row.free_period_min,
            row.buyout,
        )?;
        let end = read_end(status, row.finished_at, row.total_amount)?;
        Ok(Self {
            running: Running {
                started_at: row.started_at,
                price,
            },
            end,
            event: RentalEvent {
                rental_id: RentalId::new(row.rental_id),
                version: row.version,
                status,
                user_id: read("user_id", row.user_id.try_into())?,
                station_id: read("station_id", row.station_id.try_into())?,
                powerbank_id: row
                    .powerbank_id
                    .map(|id| read("powerbank_id", PowerbankId::try_from(id)))
                    .transpose()?,
                price_per_hour: price.price_per_hour(),
                free_period_min: price.free_period_min(),
                buyout: price.buyout(),
                started_at: Some(row.started_at),
                finished_at: end.map(|end| end.finished_at),
                total_amount: end.map(|end| end.total_amount),
            },
        })
    }
}
