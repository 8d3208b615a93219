//! The steps of a start: PENDING with a hold's intent, the eject's intent, then ACTIVE or FAILED.

use crate::keys::{CALLER, Written};
use crate::outbox::{insert_outbox, payload};
use crate::quote::Quote;
use crate::rental::{Hold, LEASE, Lease, Rental, lock_rental};
use db::DbError;
use domain::{
    HoldStatus, IdempotencyKey, Intent, Moment, PROVIDER_MEMORY, PowerbankId, QuoteId,
    RentalStatus, Running,
};
use runtime::api::Reply;
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
    /// Of the request.
    pub key: &'a IdempotencyKey,
    /// The request's parsed fields.
    pub fingerprint: &'a str,
    /// The hold's `Idempotency-Key`; none for a deposit of zero.
    pub hold_id: Option<Uuid>,
    /// The eject's `Idempotency-Key`, where no hold comes before it.
    pub eject_id: Option<Uuid>,
}

/// Begins a rental: consumes the quote, takes the key and commits the first call's intent. Intents
/// live as long as the lease. One statement, all of it or nothing.
///
/// # Errors
/// [`DbError`].
pub async fn insert_pending(
    connection: &mut PgConnection,
    new: &NewRental<'_>,
) -> Result<Written<Rental>, DbError> {
    Written::unless_key_taken(try_insert_pending(connection, new).await)
}

async fn try_insert_pending(
    connection: &mut PgConnection,
    new: &NewRental<'_>,
) -> Result<Written<Rental>, DbError> {
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
    let begun = sqlx::query!(
        r#"
        WITH begun AS (
            INSERT INTO rentals (rental_id, quote_id, user_id, station_id, tariff_id,
                                 price_per_hour, free_period_min, deposit, buyout, trusted,
                                 has_subscription, status, hold_status, hold_id, hold_expires_at,
                                 eject_id, eject_expires_at, lease_token, lease_until)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'PENDING',
                   $12, $13, CASE WHEN $13::uuid IS NOT NULL THEN until END,
                   $14, CASE WHEN $14::uuid IS NOT NULL THEN until END,
                   $15, until
            FROM (SELECT app_now() + $16::interval AS until) AS lease
            WHERE (SELECT expires_at FROM quotes WHERE quote_id = $2) > app_now()
            ON CONFLICT (quote_id) WHERE status <> 'FAILED' DO NOTHING
            RETURNING rental_id, created_at, lease_until
        ), taken AS (
            INSERT INTO idempotency_keys (caller, endpoint, key, fingerprint, rental_id)
            SELECT $17, 'start', $18, $19, rental_id FROM begun
        )
        SELECT created_at AS "created_at!", lease_until AS "lease_until!" FROM begun
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
        CALLER,
        new.key.as_str(),
        new.fingerprint,
    )
    .fetch_optional(connection)
    .await?;
    let Some(begun) = begun else {
        return Ok(Written::MovedOn);
    };
    let intent = |id| Intent {
        id,
        expires_at: begun.lease_until,
    };
    Ok(Written::Done(Rental {
        rental_id: new.lease.rental_id,
        quote_id: new.quote_id,
        user_id: user_id.clone(),
        station_id: station_id.clone(),
        terms: *terms,
        status: RentalStatus::Pending,
        version: 0,
        created_at: begun.created_at,
        powerbank_id: None,
        started_at: None,
        end: None,
        hold: Hold {
            status: hold_status,
            intent: new.hold_id.map(intent),
            release: None,
        },
        eject: new.eject_id.map(intent),
        lease_until: Some(begun.lease_until),
        flag_reason: None,
        now: begun.created_at,
    }))
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

/// The rental of `lease`, locked, as it is once the station ejected `powerbank_id` and the time runs
/// `since` then, or from now.
///
/// # Errors
/// [`DbError::Lost`] when it is not PENDING.
pub async fn lock_as_active(
    connection: &mut PgConnection,
    lease: Lease,
    powerbank_id: &PowerbankId,
    since: Option<Moment>,
) -> Result<Rental, DbError> {
    let rental = lock_pending(connection, lease)
        .await?
        .moved_to(RentalStatus::Active)?;
    Ok(Rental {
        powerbank_id: Some(powerbank_id.clone()),
        started_at: Some(domain::whole_seconds(since.unwrap_or(rental.now))),
        ..rental
    })
}

/// PENDING to ACTIVE, the row that tells of it, and the answer under the start's key, whose day
/// counts from here ([`answer_start`](crate::answer_start)). The moment of the buyout follows from
/// the start and the terms, and is kept for its index.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost; refused by [`ONE_OPEN_PER_POWERBANK`] when the power
/// bank has another open rental.
pub async fn activate(
    connection: &mut PgConnection,
    lease: Lease,
    active: &Rental,
    event_id: Uuid,
    answer: &Reply,
) -> Result<(), DbError> {
    let activated = sqlx::query_scalar!(
        r#"
        WITH activated AS (
            UPDATE rentals
            SET status = 'ACTIVE', version = $3, powerbank_id = $4, started_at = $5, buyout_at = $6,
                lease_token = NULL, lease_until = NULL
            WHERE rental_id = $1 AND lease_token = $2 AND status = 'PENDING'
            RETURNING rental_id
        ), told AS (
            INSERT INTO outbox (event_id, rental_id, version, payload)
            SELECT $7, rental_id, $3, $8 FROM activated
        ), answered AS (
            UPDATE idempotency_keys k
            SET status = $9, response = $10, created_at = app_now()
            FROM activated
            WHERE k.rental_id = activated.rental_id AND k.endpoint = 'start' AND k.response IS NULL
        )
        SELECT count(*) AS "activated!" FROM activated
        "#,
        lease.rental_id.uuid(),
        lease.token,
        active.version,
        active.powerbank_id.as_ref().map(PowerbankId::as_str),
        active.started_at,
        active.running().and_then(Running::buyout_at),
        event_id,
        payload(&active.event())?,
        i16::try_from(answer.status).ok(),
        answer.body,
    )
    .fetch_one(connection)
    .await?;
    match activated {
        0 => Err(DbError::Lost(LEASE_LOST)),
        _ => Ok(()),
    }
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
    insert_outbox(connection, &rental, event_id).await?;
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
