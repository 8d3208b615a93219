//! The power bank: ejected and the rental is ACTIVE, or not and it has FAILED.

use crate::{StartStep, Starts, release_hold};
use db::{Database, DbError};
use db_rental::{Lease, ONE_OPEN_PER_POWERBANK, Rental};
use domain::{EjectOutcome, HoldStatus, Intent, PowerbankId, RentalEvent};
use futures::FutureExt;
use runtime::api::{ApiError, Reply};
use runtime::http::Served;
use runtime::step::reached;
use start_decision::Decided;
use uuid::Uuid;

impl Starts {
    /// Asks for a power bank and commits what became of it.
    pub(crate) async fn eject(&self, mut rental: Rental, lease: Lease) -> Result<Served, ApiError> {
        match self.ask_for_powerbank(&mut rental, lease).await? {
            EjectOutcome::Ejected(powerbank_id) => {
                let decided = record_eject(&self.rentals, lease, &powerbank_id).await?;
                reached(StartStep::Decided).await;
                let tell = self.tell_billing(decided.event_id, decided.rental.event());
                Ok(Served {
                    reply: decided.answer,
                    afterwards: Some(tell.boxed_local()),
                })
            }
            EjectOutcome::Refused => {
                let failed = self.fail(rental, lease, &ApiError::EjectFailed).await?;
                Ok(failed.into())
            }
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
        let eject_id = runtime::fresh_id();
        let intent = self
            .rentals
            .statement("start_eject_intent_again", async |connection| {
                db_rental::renew_eject_intent(connection, lease, eject_id).await
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

    fn tell_billing(
        &self,
        event_id: Uuid,
        event: RentalEvent,
    ) -> impl Future<Output = ()> + 'static + use<> {
        let (rentals, billing) = (self.rentals.clone(), self.billing.clone());
        async move {
            delivery::copy_at_once(&rentals, &billing, event_id, event).await;
            reached(StartStep::Delivered).await;
        }
    }
}

/// PENDING to ACTIVE, from now on: `powerbank_id` left the station. The answer is stored in the same
/// transaction.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn record_eject(
    rentals: &Database,
    lease: Lease,
    powerbank_id: &PowerbankId,
) -> Result<Decided, DbError> {
    let unopposed = rentals
        .tx("start_activate", async |connection| {
            start_decision::activate_unopposed(connection, lease, powerbank_id, None).await
        })
        .await;
    match unopposed {
        Err(error) if error.is_refused_by(ONE_OPEN_PER_POWERBANK) => {
            rentals
                .tx("start_activate_opposed", async |connection| {
                    start_decision::activate(connection, lease, powerbank_id, None).await
                })
                .await
        }
        decided => decided,
    }
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
            start_decision::fail(connection, lease, hold, answer.as_ref()).await
        })
        .await
}
