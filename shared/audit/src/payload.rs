//! What a transition told others of the rental, as it stands in db-rental's outbox.

use chrono::{DateTime, Utc};
use db_rental::audit::{RentalRows, TransitionRow};
use serde::Deserialize;

/// The whole rental after a transition.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Payload {
    pub(crate) rental_id: String,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) user_id: String,
    pub(crate) station_id: String,
    pub(crate) powerbank_id: Option<String>,
    pub(crate) price_per_hour: i64,
    pub(crate) free_period_min: i32,
    pub(crate) buyout: i64,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
    pub(crate) total_amount: Option<i64>,
}

impl Payload {
    /// What a transition told.
    pub(crate) fn read(row: &TransitionRow) -> Result<Self, serde_json::Error> {
        serde_json::from_value(row.payload.clone())
    }

    /// What the newest transition of a rental has to tell.
    pub(crate) fn of(rental: &RentalRows, rental_id: &str) -> Self {
        Self {
            rental_id: rental_id.to_owned(),
            version: rental.version,
            status: rental.status.clone(),
            user_id: rental.user_id.clone(),
            station_id: rental.station_id.clone(),
            powerbank_id: rental.powerbank_id.clone(),
            price_per_hour: rental.price_per_hour,
            free_period_min: rental.free_period_min,
            buyout: rental.buyout,
            started_at: rental.started_at,
            finished_at: rental.finished_at,
            total_amount: rental.total_amount,
        }
    }
}

/// The rental's transitions, by their versions, with what each told; but for those that are set
/// aside because nobody can read them.
pub(crate) fn payloads(
    rental: &RentalRows,
) -> impl Iterator<Item = (&TransitionRow, Result<Payload, serde_json::Error>)> {
    let readable = rental
        .transitions
        .iter()
        .filter(|row| row.copy_error.is_none());
    readable.map(|row| (row, Payload::read(row)))
}
