//! Flags: rentals of which a person has to say when they ended.

use db::DbError;
use domain::{Moment, PowerbankId, RentalId};
use sqlx::PgConnection;

/// An ACTIVE rental that is not flagged.
#[derive(Clone, Copy, Debug)]
pub struct OpenRental {
    /// Which rental.
    pub rental_id: RentalId,
    /// Whole seconds.
    pub started_at: Moment,
}

/// The one open rental of a power bank, those that are flagged apart; locked in this transaction.
///
/// # Errors
/// [`DbError`].
pub async fn open_rental_with(
    connection: &mut PgConnection,
    powerbank_id: &PowerbankId,
) -> Result<Option<OpenRental>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT rental_id, started_at AS "started_at!"
        FROM rentals
        WHERE powerbank_id = $1 AND status = 'ACTIVE' AND flagged_at IS NULL
        FOR UPDATE
        "#,
        powerbank_id.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| OpenRental {
        rental_id: RentalId::new(row.rental_id),
        started_at: row.started_at,
    }))
}

/// Flags a rental for an operator: its power bank was given to somebody else since.
///
/// # Errors
/// [`DbError`].
pub async fn flag(
    connection: &mut PgConnection,
    rental_id: RentalId,
    reason: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE rentals
        SET flagged_at = app_now(), flag_reason = $2
        WHERE rental_id = $1 AND flagged_at IS NULL
        "#,
        rental_id.uuid(),
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A person said when the rental ended: it waits for nobody any more.
///
/// # Errors
/// [`DbError`].
pub async fn unflag(connection: &mut PgConnection, rental_id: RentalId) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE rentals
        SET flagged_at = NULL, flag_reason = NULL
        WHERE rental_id = $1 AND flagged_at IS NOT NULL
        "#,
        rental_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
