//! The steps of a start: PENDING with a hold's intent, the eject's intent, then ACTIVE or FAILED.

use crate::outbox::insert_outbox;
use crate::quote::Quote;
use crate::rental::{LEASE, Lease, Rental, lock_rental};
use db::DbError;
use domain::{
    HoldStatus, Intent, Moment, PROVIDER_MEMORY, PowerbankId, QuoteId, RentalStatus, Running,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// The index that refuses a second open rental without a deposit.
pub const ONE_WAIVED_PER_USER: &str = "rentals_one_waived_per_user";
/// The index that refuses a second open rental of one power bank.
pub const ONE_OPEN_PER_POWERBANK: &str = "rentals_one_open_per_powerbank";

const LEASE_LOST: &str = "the start's lease is lost";

/// A rental to be begun.
#[derive(Clone, Debug)]
pub struct NewRental<'a> {
    /// A fresh id, and a fresh token.
    pub lease: Lease,
    /// The quote that it consumes.
    pub quote_id: QuoteId,
    /// What the quote promised.
    pub quote: &'a Quote,
    /// The hold's `Idempotency-Key`; none for a deposit of zero.
    pub hold_id: Option<Uuid>,
    /// The eject's `Idempotency-Key`, where no hold comes before it.
    pub eject_id: Option<Uuid>,
}

/// Begins a rental: consumes the quote and commits the first call's intent. Intents live as long
/// as the lease. False when the quote serves another rental.
///
/// # Errors
/// [`DbError`].
pub async fn insert_pending(
    connection: &mut PgConnection,
    new: &NewRental<'_>,
) -> Result<bool, DbError> {
    let Quote {
        user_id,
        station_id,
        tariff_id,
        terms,
    } = new.quote;
    let hold_status = if new.hold_id.is_some() {
        HoldStatus::Requested
    } else {
        HoldStatus::None
    };
    let done = sqlx::query!(
        r#"
        INSERT INTO rentals (rental_id, quote_id, user_id, station_id, tariff_id, price_per_hour,
                             free_period_min, deposit, buyout, trusted, has_subscription, status,
                             hold_status, hold_id, hold_expires_at, eject_id, eject_expires_at,
                             lease_token, lease_until)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'PENDING',
               $12, $13, CASE WHEN $13::uuid IS NOT NULL THEN until END,
               $14, CASE WHEN $14::uuid IS NOT NULL THEN until END,
               $15, until
        FROM (SELECT app_now() + $16 AS until) AS lease
        ON CONFLICT (quote_id) WHERE status <> 'FAILED' DO NOTHING
        "#,
        new.lease.rental_id.uuid(),
        new.quote_id.uuid(),
        user_id.as_str(),
        station_id.as_str(),
        tariff_id.as_str(),
        terms.price.price_per_hour().units(),
        terms.price.free_period_min(),
        terms.deposit.units(),
        terms.price.buyout().units(),
        terms.trusted,
        terms.has_subscription,
        hold_status.as_str(),
        new.hold_id,
        new.eject_id,
        new.lease.token,
        LEASE,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Commits a new intent for a hold whose last request ran out unheard.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn renew_hold_intent(
    connection: &mut PgConnection,
    lease: Lease,
    hold_id: Uuid,
) -> Result<Intent, DbError> {
    let expires_at = sqlx::query_scalar!(
        r#"
        UPDATE rentals
        SET hold_status = 'REQUESTED', hold_id = $3, hold_expires_at = lease_until
        WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING' AND eject_id IS NULL
        RETURNING hold_expires_at AS "expires_at!"
        "#,
        lease.rental_id.uuid(),
        lease.token,
        hold_id,
    )
    .fetch_optional(connection)
    .await?;
    intent(hold_id, expires_at)
}

/// Commits the hold's outcome and the eject's intent. `waived` is whether the rental starts
/// although no deposit is known to be held.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost; refused by [`ONE_WAIVED_PER_USER`] when the user
/// already has an open rental without a deposit.
pub async fn commit_eject_intent(
    connection: &mut PgConnection,
    lease: Lease,
    hold: HoldStatus,
    waived: bool,
    eject_id: Uuid,
) -> Result<Intent, DbError> {
    let expires_at = sqlx::query_scalar!(
        r#"
        UPDATE rentals
        SET hold_status = $3, deposit_waived = $4, eject_id = $5, eject_expires_at = lease_until
        WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING'
        RETURNING eject_expires_at AS "expires_at!"
        "#,
        lease.rental_id.uuid(),
        lease.token,
        hold.as_str(),
        waived,
        eject_id,
    )
    .fetch_optional(connection)
    .await?;
    intent(eject_id, expires_at)
}

/// Commits a new intent for an eject whose last request ran out unheard.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn renew_eject_intent(
    connection: &mut PgConnection,
    lease: Lease,
    eject_id: Uuid,
) -> Result<Intent, DbError> {
    let expires_at = sqlx::query_scalar!(
        r#"
        UPDATE rentals
        SET eject_id = $3, eject_expires_at = lease_until
        WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING' AND eject_id IS NOT NULL
        RETURNING eject_expires_at AS "expires_at!"
        "#,
        lease.rental_id.uuid(),
        lease.token,
        eject_id,
    )
    .fetch_optional(connection)
    .await?;
    intent(eject_id, expires_at)
}

/// PENDING to ACTIVE: the station ejected `powerbank_id`, and the time runs `since` then, or from
/// now. The moment of the buyout follows from the start and the terms, and is kept for its index.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn activate(
    connection: &mut PgConnection,
    lease: Lease,
    powerbank_id: &PowerbankId,
    since: Option<Moment>,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    let rental = lock_pending(connection, lease)
        .await?
        .moved_to(RentalStatus::Active)?;
    let started_at = domain::whole_seconds(since.unwrap_or(rental.now));
    let running = Running {
        started_at,
        price: rental.terms.price,
    };
    let rental = Rental {
        powerbank_id: Some(powerbank_id.clone()),
        started_at: Some(started_at),
        ..rental
    };
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET status = 'ACTIVE', version = $3, powerbank_id = $4, started_at = $5, buyout_at = $6,
            lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING'
        "#,
        lease.rental_id.uuid(),
        lease.token,
        rental.version,
        powerbank_id.as_str(),
        started_at,
        running.buyout_at(),
    )
    .execute(&mut *connection)
    .await?;
    db::one_row(done.rows_affected(), LEASE_LOST)?;
    insert_outbox(connection, &rental, event_id, None).await?;
    Ok(rental)
}

/// PENDING to FAILED: no power bank left the station, and the quote serves again. A hold that
/// stands gets its release's intent; one that is unknown stays so, for reconcile.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn fail(
    connection: &mut PgConnection,
    lease: Lease,
    hold: HoldStatus,
    release_id: Uuid,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    let mut rental = lock_pending(connection, lease)
        .await?
        .moved_to(RentalStatus::Failed)?;
    rental.hold.status = hold;
    if hold.can_become(HoldStatus::Releasing) {
        rental.hold.status = HoldStatus::Releasing;
        rental.hold.release = Some(Intent {
            id: release_id,
            expires_at: rental
                .now
                .checked_add_signed(PROVIDER_MEMORY)
                .unwrap_or(rental.now),
        });
    }
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET status = 'FAILED', version = $3, hold_status = $4, release_id = $5,
            release_expires_at = $6, lease_token = NULL, lease_until = NULL
        WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING'
        "#,
        lease.rental_id.uuid(),
        lease.token,
        rental.version,
        rental.hold.status.as_str(),
        rental.hold.release.map(|release| release.id),
        rental.hold.release.map(|release| release.expires_at),
    )
    .execute(&mut *connection)
    .await?;
    db::one_row(done.rows_affected(), LEASE_LOST)?;
    insert_outbox(connection, &rental, event_id, None).await?;
    Ok(rental)
}

/// Lets go of a start that cannot go on now: the client's retry may take it at once, reconcile
/// only when the lease has run out. A lease that is lost already is no fault.
///
/// # Errors
/// [`DbError`].
pub async fn park(connection: &mut PgConnection, lease: Lease) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE rentals SET lease_token = NULL WHERE rental_id = $1 AND lease_token = $2",
        lease.rental_id.uuid(),
        lease.token,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The PENDING rental, locked; its lease is checked by the write that follows.
async fn lock_pending(connection: &mut PgConnection, lease: Lease) -> Result<Rental, DbError> {
    lock_rental(connection, lease.rental_id)
        .await?
        .ok_or(DbError::Lost("the rental is gone"))
}

fn intent(id: Uuid, expires_at: Option<Moment>) -> Result<Intent, DbError> {
    let expires_at = expires_at.ok_or(DbError::Lost(LEASE_LOST))?;
    Ok(Intent { id, expires_at })
}
