//! Rentals whose books are closed: their deposits may be released.

use db::DbError;
use domain::RentalId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Rentals whose books closed without db-rental being told, up to `limit`. An end that is moved
/// later on only ever lowers the total, so that what is settled needs no deposit any more.
///
/// # Errors
/// [`DbError`].
pub async fn releases_due(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<RentalId>, DbError> {
    let ids = sqlx::query_scalar!(
        "SELECT rental_id FROM rentals WHERE release_due ORDER BY rental_id LIMIT $1",
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(RentalId::new).collect())
}

/// Notes that db-rental was told of these.
///
/// # Errors
/// [`DbError`].
pub async fn release_told(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE rentals SET release_due = false WHERE rental_id = ANY($1) AND release_due",
        &uuids(rental_ids),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which of the given rentals are settled: they ended, nothing is owed, nothing is unknown, and
/// exactly the total is billed.
///
/// # Errors
/// [`DbError`].
pub async fn settled_rentals(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
) -> Result<Vec<RentalId>, DbError> {
    let settled = sqlx::query_scalar!(
        r#"
        SELECT r.rental_id
        FROM rentals r
        WHERE r.rental_id = ANY($1) AND r.status <> 'ACTIVE'
          AND r.paid + r.written_off - r.refunded = r.total_amount
          AND NOT EXISTS (SELECT FROM debts d
                          WHERE d.rental_id = r.rental_id AND d.settled_at IS NULL)
          AND NOT EXISTS (SELECT FROM payment_attempts a
                          WHERE a.rental_id = r.rental_id AND a.status = 'OPEN')
        "#,
        &uuids(rental_ids),
    )
    .fetch_all(connection)
    .await?;
    Ok(settled.into_iter().map(RentalId::new).collect())
}

fn uuids(rental_ids: &[RentalId]) -> Vec<Uuid> {
    rental_ids.iter().map(|id| id.uuid()).collect()
}
