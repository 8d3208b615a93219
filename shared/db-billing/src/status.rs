//! What others ask billing about a rental.

use db::{BadRow, DbError};
use domain::{Amount, RentalId};
use sqlx::PgConnection;

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
