//! Holds after the start: unknown ones are asked about, standing ones released.

use crate::rental::{KEY_RETENTION, LEASE, Lease};
use db::DbError;
use domain::{HoldStatus, Intent, RentalId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Takes a lease on holds that wait for an answer: unknown ones of starts that are over, and
/// releases whose outcome is not known. A hold that stayed unknown until the provider may have
/// forgotten its key is left to a person.
///
/// # Errors
/// [`DbError`].
pub async fn claim_holds(
    connection: &mut PgConnection,
    token: Uuid,
    limit: i64,
) -> Result<Vec<Lease>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"
        WITH waiting AS (
            SELECT rental_id FROM rentals
            WHERE hold_status IN ('REQUESTED', 'RELEASING') AND status <> 'PENDING'
              AND (lease_until IS NULL OR lease_until <= app_now())
              AND hold_expires_at IS NOT NULL
              AND (hold_status = 'RELEASING' OR app_now() < hold_expires_at + $4)
            ORDER BY lease_until NULLS FIRST
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE rentals
        SET lease_token = $1, lease_until = app_now() + $3
        FROM waiting
        WHERE rentals.rental_id = waiting.rental_id
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

/// Takes over an unknown hold of a start that is over: for a person who knows what became of it.
///
/// # Errors
/// [`DbError::Lost`] when somebody works on it, or it is not unknown any more.
pub async fn take_hold(connection: &mut PgConnection, lease: Lease) -> Result<(), DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET lease_token = $2, lease_until = app_now() + $3
        WHERE rental_id = $1 AND hold_status = 'REQUESTED' AND status <> 'PENDING'
          AND (lease_until IS NULL OR lease_until <= app_now())
        "#,
        lease.rental_id.uuid(),
        lease.token,
        LEASE,
    )
    .execute(connection)
    .await?;
    db::one_row(done.rows_affected(), "somebody works on the hold")
}

/// Writes what became of a hold that was unknown when its start was over. A deposit that is held
/// after all is waived no longer; where the rental is over too, somebody has to ask whether it may
/// be released.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn record_late_hold(
    connection: &mut PgConnection,
    lease: Lease,
    hold: HoldStatus,
) -> Result<(), DbError> {
    debug_assert!(
        HoldStatus::Requested.can_become(hold),
        "a hold does not become {hold:?}"
    );
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET hold_status = $3, deposit_waived = deposit_waived AND $3 <> 'HELD',
            held_late = $3 = 'HELD' AND status <> 'ACTIVE',
            lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND lease_token = $2 AND hold_status = 'REQUESTED'
        "#,
        lease.rental_id.uuid(),
        lease.token,
        hold.as_str(),
    )
    .execute(connection)
    .await?;
    db::one_row(done.rows_affected(), "the hold's lease is lost")
}

/// A rental that was over before its hold turned out to stand.
#[derive(Clone, Copy, Debug)]
pub struct HeldLate {
    /// Which rental.
    pub rental_id: RentalId,
    /// Whether it never started, so that billing has no say.
    pub has_failed: bool,
}

/// Rentals that were over before their hold turned out to stand, in the order of their ids, after
/// `after`.
///
/// # Errors
/// [`DbError`].
pub async fn held_late(
    connection: &mut PgConnection,
    after: Option<RentalId>,
    limit: i64,
) -> Result<Vec<HeldLate>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, status = 'FAILED' AS "has_failed!"
        FROM rentals
        WHERE held_late AND ($1::uuid IS NULL OR rental_id > $1)
        ORDER BY rental_id
        LIMIT $2
        "#,
        after.map(RentalId::uuid),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| HeldLate {
            rental_id: RentalId::new(row.rental_id),
            has_failed: row.has_failed,
        })
        .collect())
}

/// Notes that billing was asked about these, and will tell when they are settled.
///
/// # Errors
/// [`DbError`].
pub async fn asked_about_release(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
) -> Result<(), DbError> {
    let ids: Vec<Uuid> = rental_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "UPDATE rentals SET held_late = false WHERE rental_id = ANY($1) AND held_late",
        &ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// HELD to RELEASING: commits the releases' intents, each under a key of `fresh_id`. Those that
/// are not HELD stay as they are.
///
/// # Errors
/// [`DbError`].
pub async fn begin_releases(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
    fresh_id: fn() -> Uuid,
) -> Result<(), DbError> {
    let (ids, release_ids): (Vec<Uuid>, Vec<Uuid>) =
        rental_ids.iter().map(|id| (id.uuid(), fresh_id())).unzip();
    sqlx::query!(
        r#"
        UPDATE rentals
        SET hold_status = 'RELEASING', release_id = r.release_id,
            release_expires_at = app_now() + $3, held_late = false
        FROM UNNEST($1::uuid[], $2::uuid[]) AS r (rental_id, release_id)
        WHERE rentals.rental_id = r.rental_id AND hold_status = 'HELD'
          AND status IN ('FAILED', 'FINISHED', 'BUYOUT')
        "#,
        &ids,
        &release_ids,
        KEY_RETENTION,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Commits a new intent for a release that ran out before the provider first saw it.
///
/// # Errors
/// [`DbError::Lost`] when somebody else renewed or finished it.
pub async fn renew_release(
    connection: &mut PgConnection,
    rental_id: RentalId,
    expired_id: Uuid,
    release_id: Uuid,
) -> Result<Intent, DbError> {
    let expires_at = sqlx::query_scalar!(
        r#"
        UPDATE rentals
        SET release_id = $3, release_expires_at = app_now() + $4
        WHERE rental_id = $1 AND release_id = $2 AND hold_status = 'RELEASING'
        RETURNING release_expires_at AS "expires_at!"
        "#,
        rental_id.uuid(),
        expired_id,
        release_id,
        KEY_RETENTION,
    )
    .fetch_optional(connection)
    .await?;
    let expires_at = expires_at.ok_or(DbError::Lost("the release is somebody else's"))?;
    Ok(Intent {
        id: release_id,
        expires_at,
    })
}

/// RELEASING to RELEASED: the provider holds nothing any more. `release_id` is the intent whose
/// outcome this is; a repeat changes nothing.
///
/// # Errors
/// [`DbError`].
pub async fn hold_released(
    connection: &mut PgConnection,
    rental_id: RentalId,
    release_id: Uuid,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE rentals
        SET hold_status = 'RELEASED', lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND release_id = $2 AND hold_status = 'RELEASING'
        "#,
        rental_id.uuid(),
        release_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}
