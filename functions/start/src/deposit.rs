//! The deposit: held, or waived for the trusted, or the start fails.

use crate::{StartStep, Starts};
use db::{Connection, DbError};
use db_rental::{Lease, ONE_WAIVED_PER_USER, Rental};
use domain::{HoldStatus, Intent, Outcome};
use runtime::api::{ApiError, Reply};
use runtime::step::reached;
use start_decision::write_down_buyouts;

impl Starts {
    /// Asks for the hold and commits its outcome with the eject's intent. The inner error is the
    /// stored answer of a start that failed for want of a deposit.
    pub(crate) async fn secure_deposit(
        &self,
        mut rental: Rental,
        lease: Lease,
    ) -> Result<Result<Rental, Reply>, ApiError> {
        let outcome = self.hold(&mut rental, lease).await?;
        let (hold, waived) = match (outcome, rental.terms.trusted) {
            (Outcome::Succeeded, _) => (HoldStatus::Held, false),
            (Outcome::Declined, true) => (HoldStatus::Declined, true),
            // Asked for again by reconcile until it is known, then kept or released.
            (Outcome::Unknown | Outcome::Expired, true) => (HoldStatus::Requested, true),
            (Outcome::Declined, false) => {
                rental.hold.status = HoldStatus::Declined;
                let failed = self.fail(rental, lease, &ApiError::DepositDeclined).await?;
                return Ok(Err(failed));
            }
            (Outcome::Unknown | Outcome::Expired, false) => {
                return Err(ApiError::Unavailable {
                    what: "The payment provider",
                    why: "the hold's outcome is unknown".to_owned(),
                });
            }
        };
        rental.hold.status = hold;
        match self.intend_eject(&rental, lease, hold, waived).await {
            Ok(eject) => {
                reached(StartStep::EjectIntended).await;
                Ok(Ok(Rental {
                    eject: Some(eject),
                    ..rental
                }))
            }
            Err(error) if error.is_refused_by(ONE_WAIVED_PER_USER) => {
                let answer = ApiError::OpenRentalWithoutDeposit;
                Ok(Err(self.fail(rental, lease, &answer).await?))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn intend_eject(
        &self,
        rental: &Rental,
        lease: Lease,
        hold: HoldStatus,
        waived: bool,
    ) -> Result<Intent, DbError> {
        let eject_id = runtime::fresh_id();
        let commit = async |connection: &mut Connection| {
            db_rental::commit_eject_intent(connection, lease, hold, waived, eject_id).await
        };
        if !waived {
            return self.rentals.statement("start_eject_intent", commit).await;
        }
        self.rentals
            .tx("start_eject_intent_waived", async |connection| {
                write_down_buyouts(connection, Some(&rental.user_id), None).await?;
                commit(connection).await
            })
            .await
    }

    /// Asks for the hold; once more under a new key if the request had run out unheard, which is
    /// so when a start is taken up again late.
    async fn hold(&self, rental: &mut Rental, lease: Lease) -> Result<Outcome, ApiError> {
        let intent = rental
            .hold
            .intent
            .ok_or_else(|| ApiError::bug("no hold was intended"))?;
        let outcome = self.ask_for_hold(rental, intent).await;
        if outcome != Outcome::Expired {
            return Ok(outcome);
        }
        let hold_id = runtime::fresh_id();
        let intent = self
            .rentals
            .statement("start_hold_intent", async |connection| {
                db_rental::renew_hold_intent(connection, lease, hold_id).await
            })
            .await?;
        rental.hold.intent = Some(intent);
        Ok(self.ask_for_hold(rental, intent).await)
    }

    async fn ask_for_hold(&self, rental: &Rental, intent: Intent) -> Outcome {
        let deposit = rental.terms.deposit;
        let outcome = self
            .payments
            .hold(intent, &rental.user_id, rental.rental_id, deposit)
            .await;
        reached(StartStep::HoldCalled).await;
        outcome
    }
}
