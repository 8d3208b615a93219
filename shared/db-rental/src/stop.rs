//! The end of a rental: the one place where it is decided.

use crate::keys::{Answered, CALLER, Written};
use crate::outbox::payload;
use crate::rental::{KEY_RETENTION, LONGEST_REQUEST, Rental, lock_rental};
use db::DbError;
use domain::{
    Amount, End, EndStatus, Moment, PowerbankId, RentalEvent, RentalId, RentalStatus, StationId,
    UserId,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// ACTIVE to FINISHED or BUYOUT, for a rental locked in this transaction. `returned_to` is the
/// station at which the power bank came back.
///
/// # Errors
/// [`DbError::Lost`] when it is not ACTIVE.
pub async fn end(
    connection: &mut PgConnection,
    rental: Rental,
    end: End,
    returned_to: Option<&StationId>,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    let rental = Rental {
        end: Some(end),
        ..rental.moved_to(end.status.into())?
    };
    let written = write_end(connection, &rental.event(), returned_to, event_id, None).await?;
    only_if_done(&written)?;
    Ok(rental)
}

/// An operator's recorded correction of an end that was decided, for a rental locked in this
/// transaction: no transition of its own, but a new version that others are told of.
///
/// # Errors
/// [`DbError::Lost`] when it has not ended.
pub async fn correct_end(
    connection: &mut PgConnection,
    rental: Rental,
    end: End,
    event_id: Uuid,
) -> Result<Rental, DbError> {
    if rental.end.is_none() {
        return Err(DbError::Lost("the rental has not ended"));
    }
    let rental = Rental {
        status: end.status.into(),
        version: rental.version.saturating_add(1),
        end: Some(end),
        ..rental
    };
    let written = write_end(connection, &rental.event(), None, event_id, None).await?;
    only_if_done(&written)?;
    Ok(rental)
}

/// The same end for a stop that read the rental without locking it, and its answer under its key:
/// `ended` is the rental as it is to be. One statement, all of it or nothing.
///
/// # Errors
/// [`DbError`].
pub async fn end_and_answer(
    connection: &mut PgConnection,
    ended: &RentalEvent,
    returned_to: &StationId,
    event_id: Uuid,
    answered: &Answered<'_>,
) -> Result<Written<()>, DbError> {
    let returned_to = Some(returned_to);
    let written = write_end(connection, ended, returned_to, event_id, Some(answered)).await;
    Written::unless_key_taken(written)
}

/// The end, the row that tells of it, and the answer where there is one.
async fn write_end(
    connection: &mut PgConnection,
    ended: &RentalEvent,
    returned_to: Option<&StationId>,
    event_id: Uuid,
    answered: Option<&Answered<'_>>,
) -> Result<Written<()>, DbError> {
    // A power bank that was bought out is the user's, wherever it stands.
    let returned_to = returned_to.filter(|_| ended.status == RentalStatus::Finished);
    let rows = sqlx::query_scalar!(
        r#"
        WITH ended AS (
            UPDATE rentals
            SET status = $2, version = $3, finished_at = $4, total_amount = $5,
                stop_station_id = coalesce($6, stop_station_id)
            WHERE rental_id = $1 AND status IN ('ACTIVE', 'FINISHED', 'BUYOUT')
              AND version = $3::bigint - 1
            RETURNING rental_id
        ), told AS (
            INSERT INTO outbox (event_id, rental_id, version, payload, return_station_id,
                                return_expires_at)
            SELECT $7, rental_id, $3, $8, $6,
                   CASE WHEN $6::text IS NOT NULL THEN app_now() + $9::interval END
            FROM ended
        ), answered AS (
            INSERT INTO idempotency_keys (caller, endpoint, key, fingerprint, rental_id, status,
                                          response)
            SELECT $10, 'stop', $11, $12, rental_id, $13, $14
            FROM ended
            WHERE $11::text IS NOT NULL
        )
        SELECT count(*) AS "rows!" FROM ended
        "#,
        ended.rental_id.uuid(),
        ended.status.as_str(),
        ended.version,
        ended.finished_at,
        ended.total_amount.map(Amount::units),
        returned_to.map(StationId::as_str),
        event_id,
        payload(ended)?,
        KEY_RETENTION,
        CALLER,
        answered.map(|answered| answered.key.as_str()),
        answered.map(|answered| answered.fingerprint),
        answered.and_then(|answered| i16::try_from(answered.answer.status).ok()),
        answered.map(|answered| answered.answer.body.as_str()),
    )
    .fetch_one(connection)
    .await?;
    Ok(match rows {
        0 => Written::MovedOn,
        _ => Written::Done(()),
    })
}

/// For a rental that is locked: nobody can have moved it on.
fn only_if_done(written: &Written<()>) -> Result<(), DbError> {
    match written {
        Written::Done(()) => Ok(()),
        Written::MovedOn | Written::KeyTaken => {
            Err(DbError::Lost("the rental is in another state"))
        }
    }
}

/// Writes down that an ACTIVE rental was bought out.
///
/// # Errors
/// [`DbError::Lost`] when it is not ACTIVE, or its buyout has not come.
pub async fn buy_out(
    connection: &mut PgConnection,
    rental_id: RentalId,
    event_id: Uuid,
) -> Result<(), DbError> {
    let rental = lock_rental(connection, rental_id).await?;
    let running = rental
        .as_ref()
        .filter(|rental| rental.end.is_none())
        .and_then(Rental::running);
    let (Some(rental), Some(running)) = (rental, running) else {
        return Err(DbError::Lost("the rental is in another state"));
    };
    let bought_out = running.end_at(rental.now);
    if bought_out.status != EndStatus::Buyout {
        return Err(DbError::Lost("the rental's buyout has not come"));
    }
    end(connection, rental, bought_out, None, event_id).await?;
    Ok(())
}

/// ACTIVE rentals whose buyout has come though nobody wrote that down, and which a new rental
/// would take for open: the user's one without a deposit, or the one with the same power bank. Each
/// is found by the index that allows no second one.
///
/// # Errors
/// [`DbError`].
pub async fn bought_out_in_the_way(
    connection: &mut PgConnection,
    user_without_deposit: Option<&UserId>,
    powerbank_id: Option<&PowerbankId>,
) -> Result<Vec<RentalId>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT rental_id AS "rental_id!"
        FROM rentals
        WHERE status = 'ACTIVE' AND buyout_at <= app_now() AND deposit_waived AND user_id = $1
        UNION
        SELECT rental_id
        FROM rentals
        WHERE status = 'ACTIVE' AND buyout_at <= app_now() AND flagged_at IS NULL
          AND powerbank_id = $2
        ORDER BY 1
        "#,
        user_without_deposit.map(UserId::as_str),
        powerbank_id.map(PowerbankId::as_str),
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(RentalId::new).collect())
}

/// An ACTIVE rental whose buyout has come.
#[derive(Clone, Copy, Debug)]
pub struct BuyoutDue {
    /// Which rental.
    pub rental_id: RentalId,
    /// When it came.
    pub buyout_at: Moment,
}

/// ACTIVE rentals whose buyout has come, oldest first, after `after`. It came so long ago that no
/// stop which arrived before it can still be deciding: such a stop is FINISHED, not BUYOUT.
///
/// # Errors
/// [`DbError`].
pub async fn buyouts_due(
    connection: &mut PgConnection,
    after: Option<BuyoutDue>,
    limit: i64,
) -> Result<Vec<BuyoutDue>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, buyout_at AS "buyout_at!"
        FROM rentals
        WHERE status = 'ACTIVE' AND buyout_at <= app_now() - $4::interval
          AND ($1::timestamptz IS NULL OR (buyout_at, rental_id) > ($1, $2))
        ORDER BY buyout_at, rental_id
        LIMIT $3
        "#,
        after.map(|after| after.buyout_at),
        after.map(|after| after.rental_id.uuid()),
        limit,
        LONGEST_REQUEST,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| BuyoutDue {
            rental_id: RentalId::new(row.rental_id),
            buyout_at: row.buyout_at,
        })
        .collect())
}
