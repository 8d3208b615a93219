//! Leases on starts that stopped half way.

use crate::rental::{KEY_RETENTION, LEASE, Lease};
use db::DbError;
use domain::RentalId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Takes over a start whose worker died or parked it: for the client's retry.
///
/// # Errors
/// [`DbError::Lost`] when somebody works on it, or it is not PENDING any more.
pub async fn take_over(connection: &mut PgConnection, lease: Lease) -> Result<(), DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET lease_token = $2, lease_until = app_now() + $3
        WHERE rental_id = $1 AND status = 'PENDING'
          AND (lease_token IS NULL OR lease_until <= app_now())
        "#,
        lease.rental_id.uuid(),
        lease.token,
        LEASE,
    )
    .execute(connection)
    .await?;
    db::one_row(done.rows_affected(), "somebody works on the start")
}

/// Takes over the oldest starts whose lease ran out: for reconcile. Their intents have run out
/// with it, so that asking about them again is a pure question. An eject that stayed unknown until
/// the station may have forgotten its key is left to a person.
///
/// # Errors
/// [`DbError`].
pub async fn claim_pending(
    connection: &mut PgConnection,
    token: Uuid,
    limit: i64,
) -> Result<Vec<Lease>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"
        WITH stopped AS (
            SELECT rental_id FROM rentals
            WHERE status = 'PENDING' AND lease_until <= app_now()
              AND (eject_id IS NULL OR app_now() < eject_expires_at + $4)
            ORDER BY lease_until
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE rentals
        SET lease_token = $1, lease_until = app_now() + $3
        FROM stopped
        WHERE rentals.rental_id = stopped.rental_id
        RETURNING rentals.rental_id
        "#,
        token,
        limit,
        LEASE,
        KEY_RETENTION,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids
        .into_iter()
        .map(|id| Lease {
            rental_id: RentalId::new(id),
            token,
        })
        .collect())
}
