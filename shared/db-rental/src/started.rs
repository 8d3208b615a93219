//! A started rental, as a reader sees it.

use crate::rental::read_end;
use crate::terms::price;
use db::{BadRow, DbError};
use domain::{End, Moment, PowerbankId, RentalId, RentalStatus, Running};
use sqlx::PgConnection;

/// What is shown of a rental that started.
#[derive(Clone, Debug)]
pub struct StartedRental {
    /// Start and price.
    pub running: Running,
    /// None until somebody wrote an end down.
    pub end: Option<End>,
    /// What the user got.
    pub powerbank_id: PowerbankId,
    /// The database's time when the rental was read.
    pub now: Moment,
}

/// Reads a rental without locking it; none when it is unknown or has not started.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn find_started(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Option<StartedRental>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT price_per_hour, free_period_min, buyout, status, powerbank_id AS "powerbank_id!",
               started_at AS "started_at!", finished_at, total_amount, app_now() AS "now!"
        FROM rentals
        WHERE rental_id = $1 AND started_at IS NOT NULL
        "#,
        rental_id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let status: RentalStatus = row
        .status
        .parse()
        .map_err(|error| BadRow::new("rentals", "status", error))?;
    let price = price(
        "rentals",
        row.price_per_hour,
        row.free_period_min,
        row.buyout,
    )?;
    Ok(Some(StartedRental {
        running: Running {
            started_at: row.started_at,
            price,
        },
        end: read_end(status, row.finished_at, row.total_amount)?,
        powerbank_id: PowerbankId::try_from(row.powerbank_id)
            .map_err(|error| BadRow::new("rentals", "powerbank_id", error))?,
        now: row.now,
    }))
}
