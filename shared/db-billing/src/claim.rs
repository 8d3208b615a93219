//! Which rentals a tick works on.

use crate::interval::interval;
use chrono::TimeDelta;
use db::DbError;
use domain::RentalId;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

/// How long a claimed rental is nobody else's, unless renewed.
const LEASE: PgInterval = PgInterval {
    months: 0,
    days: 0,
    microseconds: 20_000_000,
};

/// The rentals that one worker has leased.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The random token of all their leases.
    pub token: Uuid,
    /// Which rentals.
    pub rental_ids: Vec<RentalId>,
}

/// Leases up to `limit` rentals, the longest due first, that have something to be done at the
/// latest moment of the grid of `tick`. Work falls on that grid, so that a tick which
/// comes late or twice neither skips nor repeats. A rental that no tick has looked at yet is left
/// alone until its first unit has been due for a `grace`. Never waits for another worker.
///
/// # Errors
/// [`DbError`].
pub async fn claim(
    connection: &mut PgConnection,
    tick: TimeDelta,
    grace: TimeDelta,
    token: Uuid,
    limit: i64,
) -> Result<Claimed, DbError> {
    // An array, not a join: whoever does not know the limit takes it for a tenth of all that may be
    // due, and would rather read the whole table than find so many by their ids.
    let ids = sqlx::query_scalar!(
        r#"
        UPDATE rentals
        SET lease_token = $2, lease_until = app_now() + $4
        WHERE rental_id = ANY(ARRAY(
            SELECT rental_id FROM rentals
            WHERE next_bill_at <= date_bin($1, app_now(), 'epoch')
              AND (NOT awaits_grace OR next_bill_at <= date_bin($1, app_now(), 'epoch') - $5::interval)
              AND set_aside_at IS NULL
              AND (lease_until IS NULL OR lease_until <= app_now())
            ORDER BY next_bill_at
            LIMIT $3
            FOR UPDATE SKIP LOCKED))
        RETURNING rental_id
        "#,
        interval(tick),
        token,
        limit,
        LEASE,
        interval(grace),
    )
    .fetch_all(connection)
    .await?;
    Ok(Claimed {
        token,
        rental_ids: ids.into_iter().map(RentalId::new).collect(),
    })
}

/// Keeps the leases while the provider is being called.
///
/// # Errors
/// [`DbError`].
pub async fn renew_leases(connection: &mut PgConnection, claimed: &Claimed) -> Result<(), DbError> {
    let ids: Vec<Uuid> = claimed.rental_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        r#"
        UPDATE rentals
        SET lease_until = app_now() + $3
        WHERE rental_id = ANY($1) AND lease_token = $2
        "#,
        &ids,
        claimed.token,
        LEASE,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets a rental aside that cannot be processed, for an operator to look at.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn set_aside(
    connection: &mut PgConnection,
    rental_id: RentalId,
    token: Uuid,
    reason: &str,
) -> Result<(), DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET set_aside_at = app_now(), set_aside_reason = $3, lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND lease_token = $2
        "#,
        rental_id.uuid(),
        token,
        reason,
    )
    .execute(connection)
    .await?;
    db::one_row(done.rows_affected(), "the rental's lease is lost")
}
