//! Which rentals a tick works on.

use crate::interval::interval;
use chrono::TimeDelta;
use db::DbError;
use domain::RentalId;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

/// How long a leased rental is nobody else's: longer than its batch waits for the one before it, is
/// asked about and is settled.
pub(crate) const LEASE: PgInterval = PgInterval {
    months: 0,
    days: 0,
    microseconds: 20_000_000,
};

/// The rentals that one worker has leased.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The random token of all their leases.
    pub token: Uuid,
    /// Which rentals.
    pub rental_ids: Vec<RentalId>,
}

/// Locks up to `limit` rentals in this transaction, the longest due first, that have something to be
/// done at the latest moment of the grid of `tick`. Work falls on that grid, so that a tick which
/// comes late or twice neither skips nor repeats. A rental that no tick has looked at yet is left
/// alone until its first unit has been due for a `grace`. Never waits for another worker.
///
/// # Errors
/// [`DbError`].
pub async fn take_due(
    connection: &mut PgConnection,
    tick: TimeDelta,
    grace: TimeDelta,
    limit: i64,
) -> Result<Vec<RentalId>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT rental_id FROM rentals
        WHERE next_bill_at <= date_bin($1, app_now(), 'epoch')
          AND (NOT awaits_grace OR next_bill_at <= date_bin($1, app_now(), 'epoch') - $3::interval)
          AND set_aside_at IS NULL
          AND (lease_until IS NULL OR lease_until <= app_now())
        ORDER BY next_bill_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        "#,
        interval(tick),
        limit,
        interval(grace),
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(RentalId::new).collect())
}

/// Sets a rental aside that cannot be processed, for an operator to look at: one that is leased
/// under `token` or, without one, that is locked in this transaction.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn set_aside(
    connection: &mut PgConnection,
    rental_id: RentalId,
    token: Option<Uuid>,
    reason: &str,
) -> Result<(), DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET set_aside_at = app_now(), set_aside_reason = $3, lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND ($2::uuid IS NULL OR lease_token = $2)
        "#,
        rental_id.uuid(),
        token,
        reason,
    )
    .execute(connection)
    .await?;
    db::one_row(done.rows_affected(), "the rental's lease is lost")
}
