//! What people did by hand.

use db::{DbError, OperatorAction};
use domain::RentalId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Records an operator's command in the transaction of its effect.
///
/// # Errors
/// [`DbError`].
pub async fn record_operator_action(
    connection: &mut PgConnection,
    action_id: Uuid,
    rental_id: RentalId,
    operator: &str,
    command: &serde_json::Value,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO operator_actions (action_id, rental_id, operator, command) VALUES ($1, $2, $3, $4)",
        action_id,
        rental_id.uuid(),
        operator,
        command,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What was done by hand to a rental, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn operator_actions(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Vec<OperatorAction>, DbError> {
    let rows = sqlx::query_as!(
        OperatorAction,
        r#"
        SELECT action_id, operator, command, created_at
        FROM operator_actions
        WHERE rental_id = $1
        ORDER BY created_at
        "#,
        rental_id.uuid(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}
