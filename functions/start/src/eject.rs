//! The power bank: ejected and the rental is ACTIVE, or not and it has FAILED.

use crate::{StartStep, Starts, release_hold};
use db::{Connection, Database, DbError};
use db_rental::{Lease, ONE_OPEN_PER_POWERBANK, Rental};
use domain::{
    Amount, EjectOutcome, HoldStatus, Intent, Moment, PowerbankId, RentalEvent, RentalId,
    RentalStatus, UserId,
};
use runtime::api::{ApiError, Reply};
use runtime::step::reached;
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

impl Starts {
    /// Asks for a power bank and commits what became of it.
    pub(crate) async fn eject(&self, mut rental: Rental, lease: Lease) -> Result<Reply, ApiError> {
        match self.ask_for_powerbank(&mut rental, lease).await? {
            EjectOutcome::Ejected(powerbank_id) => {
                let decided = record_eject(&self.rentals, lease, &powerbank_id).await?;
                reached(StartStep::Decided).await;
                self.tell_billing(decided.event_id, decided.rental.event())
                    .await;
                Ok(decided.answer)
            }
            EjectOutcome::Refused => self.fail(rental, lease, &ApiError::EjectFailed).await,
            EjectOutcome::Expired | EjectOutcome::Unknown => Err(ApiError::Unavailable {
                what: "The station",
                why: "the eject's outcome is unknown".to_owned(),
            }),
        }
    }

    /// Asks for a power bank; once more under a new key if the request had run out unheard.
    async fn ask_for_powerbank(
        &self,
        rental: &mut Rental,
        lease: Lease,
    ) -> Result<EjectOutcome, ApiError> {
        let intent = rental
            .eject
            .ok_or_else(|| ApiError::bug("no eject was intended"))?;
        let outcome = self.ask_station(rental, intent).await;
        if outcome != EjectOutcome::Expired {
            return Ok(outcome);
        }
        let intent = self
            .rentals
            .tx("start_eject_intent_again", async |connection| {
                db_rental::renew_eject_intent(connection, lease, runtime::fresh_id()).await
            })
            .await?;
        rental.eject = Some(intent);
        Ok(self.ask_station(rental, intent).await)
    }

    async fn ask_station(&self, rental: &Rental, intent: Intent) -> EjectOutcome {
        let outcome = self.stations.eject(intent, &rental.station_id).await;
        reached(StartStep::EjectCalled).await;
        outcome
    }

    /// PENDING to FAILED with a stored answer; a hold that stands is released at once.
    pub(crate) async fn fail(
        &self,
        rental: Rental,
        lease: Lease,
        why: &ApiError,
    ) -> Result<Reply, ApiError> {
        let answer = why.reply();
        let decided = roll_back(
            &self.rentals,
            lease,
            rental.hold.status,
            Some(answer.clone()),
        )
        .await?;
        reached(StartStep::Decided).await;
        release_hold(&self.rentals, &self.payments, &decided).await;
        reached(StartStep::Delivered).await;
        Ok(answer)
    }

    async fn tell_billing(&self, event_id: Uuid, event: RentalEvent) {
        delivery::copy_inline(&self.rentals, &self.billing, event_id, event).await;
        reached(StartStep::Delivered).await;
    }
}

/// PENDING to ACTIVE: `powerbank_id` left the station. The answer is stored in the same
/// transaction. Where the bank still has an open rental, that one is flagged for an operator: the
/// station is right about what it holds.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn record_eject(
    rentals: &Database,
    lease: Lease,
    powerbank_id: &PowerbankId,
) -> Result<Decided, DbError> {
    rentals
        .tx("start_activate", async |connection| {
            write_down_buyouts(connection, None, Some(powerbank_id)).await?;
            let reason = format!("{powerbank_id} was ejected again for {}", lease.rental_id);
            db_rental::flag_open_rental_with(connection, powerbank_id, &reason).await?;
            let event_id = runtime::fresh_id();
            let rental = db_rental::activate(connection, lease, powerbank_id, event_id)
                .await
                .map_err(another_got_the_same_bank)?;
            let answer = Reply {
                status: 200,
                body: started(&rental)?,
            };
            db_rental::answer_start(connection, rental.rental_id, &answer).await?;
            Ok(Decided {
                answer,
                rental,
                event_id,
            })
        })
        .await
}

/// PENDING to FAILED: no power bank left the station, and the quote serves again for what remains
/// of its time. With an answer it is stored under the key; without one the key is free again.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn roll_back(
    rentals: &Database,
    lease: Lease,
    hold: HoldStatus,
    answer: Option<Reply>,
) -> Result<Rental, DbError> {
    rentals
        .tx("start_fail", async |connection| {
            let (release_id, event_id) = (runtime::fresh_id(), runtime::fresh_id());
            let rental = db_rental::fail(connection, lease, hold, release_id, event_id).await?;
            match &answer {
                Some(answer) => {
                    db_rental::answer_start(connection, rental.rental_id, answer).await?;
                }
                None => db_rental::forget_start(connection, rental.rental_id).await?,
            }
            Ok(rental)
        })
        .await
}

/// A rental past its buyout is BUYOUT for every reader: before a new one meets it, that is written
/// down.
pub(crate) async fn write_down_buyouts(
    connection: &mut Connection,
    user_without_deposit: Option<&UserId>,
    powerbank_id: Option<&PowerbankId>,
) -> Result<(), DbError> {
    let bought_out =
        db_rental::bought_out_in_the_way(connection, user_without_deposit, powerbank_id).await?;
    for rental_id in bought_out {
        let event_id = runtime::fresh_id();
        let bought_out = db::savepoint(connection, async |c| {
            db_rental::buy_out(c, rental_id, event_id).await
        });
        match bought_out.await {
            // Somebody else just wrote it down.
            Ok(()) | Err(DbError::Lost(_)) => {}
            // It stays in the way, and the new rental is decided as if it were open.
            Err(error) if error.is_fault_of_the_data() => {
                tracing::error!(%rental_id, %error, "the buyout cannot be written down");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
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

/// Two stations said at the same moment that they ejected the same bank: the second try sees the
/// first one's rental and flags it.
fn another_got_the_same_bank(error: DbError) -> DbError {
    if error.is_refused_by(ONE_OPEN_PER_POWERBANK) {
        return DbError::Raced(error.to_string());
    }
    error
}
