//! A power bank left the station.

use crate::write_down_buyouts;
use db::{Connection, DbError};
use db_rental::{Lease, ONE_OPEN_PER_POWERBANK, Rental};
use domain::{Amount, Moment, PowerbankId, RentalId, RentalStatus};
use runtime::api::Reply;
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct StartResponse<'a> {
    rental_id: RentalId,
    powerbank_id: &'a PowerbankId,
    status: RentalStatus,
    started_at: Moment,
    total_amount: Amount,
}

/// A start that is decided: its answer, and what others are still to be told.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Stored under the key.
    pub answer: Reply,
    /// The rental as it is now.
    pub rental: Rental,
    /// The outbox row of the transition.
    pub event_id: Uuid,
}

/// PENDING to ACTIVE: `powerbank_id` left the station, and the time runs `since` then; since now
/// where nobody says otherwise. The answer is stored under the key.
///
/// Where the bank still has an open rental, one of the two is flagged for an operator: the one to
/// which it was given first. The stations are right about what they hold.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost; [`DbError::Raced`] when another start got the same
/// bank at the same moment: the second try sees that one's rental.
pub async fn activate(
    connection: &mut Connection,
    lease: Lease,
    powerbank_id: &PowerbankId,
    since: Option<Moment>,
) -> Result<Decided, DbError> {
    write_down_buyouts(connection, None, Some(powerbank_id)).await?;
    flag_the_earlier(connection, lease.rental_id, powerbank_id).await?;
    activate_unopposed(connection, lease, powerbank_id, since)
        .await
        .map_err(another_got_the_same_bank)
}

/// The same, for a bank that has no other open rental, as nearly all have none.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost; refused by [`ONE_OPEN_PER_POWERBANK`] when the bank
/// has one all the same.
pub async fn activate_unopposed(
    connection: &mut Connection,
    lease: Lease,
    powerbank_id: &PowerbankId,
    since: Option<Moment>,
) -> Result<Decided, DbError> {
    let rental = db_rental::lock_as_active(connection, lease, powerbank_id, since).await?;
    let answer = Reply {
        status: 200,
        body: started(&rental)?,
    };
    let event_id = runtime::fresh_id();
    db_rental::activate(connection, lease, &rental, event_id, &answer).await?;
    Ok(Decided {
        answer,
        rental,
        event_id,
    })
}

/// Flags the open rental of the bank, or this one where that one started after this one's eject
/// can have happened.
async fn flag_the_earlier(
    connection: &mut Connection,
    rental_id: RentalId,
    powerbank_id: &PowerbankId,
) -> Result<(), DbError> {
    let Some(other) = db_rental::open_rental_with(connection, powerbank_id).await? else {
        return Ok(());
    };
    let rental = db_rental::lock_rental(connection, rental_id)
        .await?
        .ok_or(DbError::Lost("the rental is gone"))?;
    let is_later = rental
        .eject
        .is_some_and(|eject| eject.expires_at < other.started_at);
    let (earlier, later) = if is_later {
        (rental_id, other.rental_id)
    } else {
        (other.rental_id, rental_id)
    };
    let reason = format!("{powerbank_id} was ejected again for {later}");
    db_rental::flag(connection, earlier, &reason).await
}

fn started(rental: &Rental) -> Result<String, DbError> {
    let (Some(powerbank_id), Some(started_at)) = (&rental.powerbank_id, rental.started_at) else {
        return Err(DbError::Defect(
            "an ACTIVE rental without power bank or start".to_owned(),
        ));
    };
    serde_json::to_string(&StartResponse {
        rental_id: rental.rental_id,
        powerbank_id,
        status: rental.status,
        started_at,
        total_amount: Amount::ZERO,
    })
    .map_err(|error| DbError::Defect(error.to_string()))
}

fn another_got_the_same_bank(error: DbError) -> DbError {
    if error.is_refused_by(ONE_OPEN_PER_POWERBANK) {
        return DbError::Raced(error.to_string());
    }
    error
}
