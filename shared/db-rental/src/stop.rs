//! The end of a rental: the one place where it is decided.

use crate::outbox::insert_outbox;
use crate::rental::Rental;
use db::DbError;
use domain::{End, EndStatus, RentalId, RentalStatus, StationId};
use sqlx::PgConnection;
use uuid::Uuid;

/// ACTIVE to FINISHED or BUYOUT, for a rental locked in this transaction. `returned_to` is the
/// station at which the power bank came back.
///
/// # Errors
/// [`DbError::Lost`] when it is not ACTIVE.
pub async fn end(
    connection: &mut PgConnection,
    rental: Rental,
    end: End,
    returned_to: Option<&StationId>,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    write_end(
        connection,
        rental,
        end,
        &[RentalStatus::Active],
        returned_to,
        event_id,
    )
    .await
}

/// An operator's recorded correction: ends a rental, or moves an end that was decided already.
///
/// # Errors
/// [`DbError::Lost`] when it never was ACTIVE.
pub async fn correct_end(
    connection: &mut PgConnection,
    rental: Rental,
    end: End,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    let from = [
        RentalStatus::Active,
        RentalStatus::Finished,
        RentalStatus::Buyout,
    ];
    write_end(connection, rental, end, &from, None, event_id).await
}

async fn write_end(
    connection: &mut PgConnection,
    rental: Rental,
    end: End,
    from: &[RentalStatus],
    returned_to: Option<&StationId>,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    // A power bank that was bought out is the user's, wherever it stands.
    let returned_to = returned_to.filter(|_| end.status == EndStatus::Finished);
    let rental = Rental {
        status: end.status.into(),
        version: rental.version.saturating_add(1),
        end: Some(end),
        ..rental
    };
    let from: Vec<String> = from.iter().map(ToString::to_string).collect();
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET status = $2, version = $3, finished_at = $4, total_amount = $5,
            stop_station_id = coalesce($6, stop_station_id)
        WHERE rental_id = $1 AND status = ANY($7) AND version = $3::bigint - 1
        "#,
        rental.rental_id.uuid(),
        rental.status.as_str(),
        rental.version,
        end.finished_at,
        end.total_amount.units(),
        returned_to.map(StationId::as_str),
        &from,
    )
    .execute(&mut *connection)
    .await?;
    db::one_row(done.rows_affected(), "the rental is in another state")?;
    insert_outbox(connection, &rental, event_id, returned_to).await?;
    Ok(rental)
}

/// ACTIVE rentals whose buyout has come, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn buyouts_due(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<RentalId>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT rental_id
        FROM rentals
        WHERE status = 'ACTIVE' AND buyout_at <= app_now()
        ORDER BY buyout_at
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(RentalId::new).collect())
}
