//! What others ask billing about a rental.

use db::{BadRow, DbError};
use domain::{Amount, RentalId};
use sqlx::PgConnection;
use uuid::Uuid;

/// What is owed for a rental, an open collection included; zero for one that billing does not
/// know yet.
///
/// # Errors
/// [`DbError`].
pub async fn current_debt(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Amount, DbError> {
    let owed = sqlx::query_scalar!(
        r#"
        SELECT (coalesce((SELECT amount FROM debts WHERE rental_id = $1), 0)
              + coalesce((SELECT amount FROM payment_attempts
                          WHERE rental_id = $1 AND status = 'OPEN' AND kind = 'COLLECTION'), 0))
               AS "owed!"
        "#,
        rental_id.uuid(),
    )
    .fetch_one(connection)
    .await?;
    Amount::new(owed).map_err(|error| BadRow::new("debts", "amount", error).into())
}

/// Which of the given rentals, each at the given version at least, are settled: they ended,
/// nothing is owed, nothing is unknown, and exactly the total is billed.
///
/// # Errors
/// [`DbError`].
pub async fn settled_rentals(
    connection: &mut PgConnection,
    rentals: &[(RentalId, i64)],
) -> Result<Vec<RentalId>, DbError> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = rentals
        .iter()
        .map(|(id, version)| (id.uuid(), *version))
        .unzip();
    let settled = sqlx::query_scalar!(
        r#"
        SELECT r.rental_id
        FROM UNNEST($1::uuid[], $2::bigint[]) AS asked (rental_id, version)
        JOIN rentals r ON r.rental_id = asked.rental_id AND r.version >= asked.version
        WHERE r.status <> 'ACTIVE'
          AND r.paid - r.refunded = r.total_amount
          AND NOT EXISTS (SELECT FROM debts d
                          WHERE d.rental_id = r.rental_id AND d.settled_at IS NULL)
          AND NOT EXISTS (SELECT FROM payment_attempts a
                          WHERE a.rental_id = r.rental_id AND a.status = 'OPEN')
        "#,
        &ids,
        &versions,
    )
    .fetch_all(connection)
    .await?;
    Ok(settled.into_iter().map(RentalId::new).collect())
}
