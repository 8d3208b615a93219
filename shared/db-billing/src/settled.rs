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

/// Has db-rental told of those of these rentals whose books are closed. They are locked in this
/// transaction: what belongs to them is read as it stands now.
pub(crate) async fn tell_of_settled(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
) -> Result<(), DbError> {
    if rental_ids.is_empty() {
        return Ok(());
    }
    let settled = settled_rentals(&mut *connection, rental_ids).await?;
    sqlx::query!(
        "UPDATE rentals SET release_due = true WHERE rental_id = ANY($1)",
        &uuids(&settled),
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
    // Of both there is at most one. As joins they would be read whole while few are open or owed,
    // by a plan that outlives this.
    let settled = sqlx::query_scalar!(
        r#"
        SELECT r.rental_id
        FROM rentals r
        WHERE r.rental_id = ANY($1) AND r.status <> 'ACTIVE'
          AND r.paid + r.written_off - r.refunded = r.total_amount
          AND (SELECT d.settled_at IS NULL FROM debts d
               WHERE d.rental_id = r.rental_id) IS NOT TRUE
          AND (SELECT a.attempt_id FROM payment_attempts a
               WHERE a.rental_id = r.rental_id AND a.status = 'OPEN') IS NULL
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
