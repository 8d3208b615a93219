//! What people do by hand to the books.

use db::{DbError, OperatorAction};
use domain::RentalId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Lets ticks work again on a rental that was set aside. False when it was not.
///
/// # Errors
/// [`DbError`].
pub async fn requeue(connection: &mut PgConnection, rental_id: RentalId) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET set_aside_at = NULL, set_aside_reason = NULL, next_bill_at = app_now(),
            awaits_grace = false
        WHERE rental_id = $1 AND set_aside_at IS NOT NULL
        "#,
        rental_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a refund as paid. Returns its rental; none when there is no such refund, or it was paid.
///
/// # Errors
/// [`DbError`].
pub async fn pay_refund(
    connection: &mut PgConnection,
    refund_id: Uuid,
) -> Result<Option<RentalId>, DbError> {
    let id = sqlx::query_scalar!(
        r#"
        UPDATE refunds SET paid_at = app_now()
        WHERE refund_id = $1 AND paid_at IS NULL
        RETURNING rental_id
        "#,
        refund_id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(RentalId::new))
}

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

/// What was done by hand to a rental's books, oldest first.
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
