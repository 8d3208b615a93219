//! One rental with everything that is known about it.

use crate::{CommandError, Operator};
use db::{DbError, OperatorAction};
use db_billing::{ShownAttempt, ShownBilling, ShownRefund};
use db_rental::{Rental, ShownTransition};
use domain::{
    Amount, HoldStatus, Moment, PowerbankId, QuoteId, RentalId, RentalStatus, StationId, UserId,
};
use serde::Serialize;
use uuid::Uuid;

type Books = (ShownBilling, Vec<ShownAttempt>, Vec<ShownRefund>);

/// A rental in both databases. What stands in one that is away is missing.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Which rental.
    pub rental_id: RentalId,
    /// The databases that did not answer; a command's effect stands all the same.
    pub unavailable: Vec<String>,
    /// In db-rental.
    pub rental: Option<ShownRental>,
    /// Its transitions, and how far their deliveries are.
    pub transitions: Vec<ShownTransition>,
    /// In db-billing; null while it has not been told of the rental.
    pub billing: Option<ShownBilling>,
    /// Every clear, oldest first.
    pub payment_attempts: Vec<ShownAttempt>,
    /// Money owed back.
    pub refunds: Vec<ShownRefund>,
    /// What people did by hand.
    pub operator_actions: Vec<OperatorAction>,
}

/// A rental in db-rental.
#[derive(Debug, Serialize)]
pub struct ShownRental {
    rental_id: RentalId,
    quote_id: QuoteId,
    user_id: UserId,
    station_id: StationId,
    status: RentalStatus,
    version: i64,
    created_at: Moment,
    price_per_hour: Amount,
    free_period_min: i32,
    deposit: Amount,
    buyout: Amount,
    trusted: bool,
    has_subscription: bool,
    powerbank_id: Option<PowerbankId>,
    started_at: Option<Moment>,
    finished_at: Option<Moment>,
    total_amount: Option<Amount>,
    hold: ShownHold,
    eject_id: Option<Uuid>,
    lease_until: Option<Moment>,
    flag_reason: Option<String>,
}

/// The deposit's hold.
#[derive(Debug, Serialize)]
pub struct ShownHold {
    status: HoldStatus,
    hold_id: Option<Uuid>,
    release_id: Option<Uuid>,
}

impl Operator {
    pub(crate) async fn show(&self, rental_id: RentalId) -> Result<Shown, CommandError> {
        let mut shown = Shown {
            rental_id,
            unavailable: Vec::new(),
            rental: None,
            transitions: Vec::new(),
            billing: None,
            payment_attempts: Vec::new(),
            refunds: Vec::new(),
            operator_actions: Vec::new(),
        };
        match self.read_rental(rental_id).await {
            Ok((Some(rental), transitions, actions)) => {
                shown.rental = Some(rental.into());
                shown.transitions = transitions;
                shown.operator_actions = actions;
            }
            Ok((None, ..)) => {
                return Err(CommandError::Refused(format!("{rental_id} is not known")));
            }
            Err(error) => shown.unavailable.push(format!("db-rental: {error}")),
        }
        match self.read_billing(rental_id).await {
            Ok((books, actions)) => {
                if let Some((billing, attempts, refunds)) = books {
                    shown.billing = Some(billing);
                    shown.payment_attempts = attempts;
                    shown.refunds = refunds;
                }
                shown.operator_actions.extend(actions);
            }
            Err(error) => shown.unavailable.push(format!("db-billing: {error}")),
        }
        Ok(shown)
    }

    async fn read_rental(
        &self,
        rental_id: RentalId,
    ) -> Result<(Option<Rental>, Vec<ShownTransition>, Vec<OperatorAction>), DbError> {
        self.rentals
            .tx("operator_show_rental", async |connection| {
                Ok((
                    db_rental::find_rental(connection, rental_id).await?,
                    db_rental::transitions(connection, rental_id).await?,
                    db_rental::operator_actions(connection, rental_id).await?,
                ))
            })
            .await
    }

    async fn read_billing(
        &self,
        rental_id: RentalId,
    ) -> Result<(Option<Books>, Vec<OperatorAction>), DbError> {
        self.billing
            .tx("operator_show_billing", async |connection| {
                Ok((
                    db_billing::show(connection, rental_id).await?,
                    db_billing::operator_actions(connection, rental_id).await?,
                ))
            })
            .await
    }
}

impl From<Rental> for ShownRental {
    fn from(rental: Rental) -> Self {
        Self {
            rental_id: rental.rental_id,
            quote_id: rental.quote_id,
            user_id: rental.user_id,
            station_id: rental.station_id,
            status: rental.status,
            version: rental.version,
            created_at: rental.created_at,
            price_per_hour: rental.terms.price.price_per_hour(),
            free_period_min: rental.terms.price.free_period_min(),
            deposit: rental.terms.deposit,
            buyout: rental.terms.price.buyout(),
            trusted: rental.terms.trusted,
            has_subscription: rental.terms.has_subscription,
            powerbank_id: rental.powerbank_id,
            started_at: rental.started_at,
            finished_at: rental.end.map(|end| end.finished_at),
            total_amount: rental.end.map(|end| end.total_amount),
            hold: ShownHold {
                status: rental.hold.status,
                hold_id: rental.hold.intent.map(|intent| intent.id),
                release_id: rental.hold.release.map(|intent| intent.id),
            },
            eject_id: rental.eject.map(|intent| intent.id),
            lease_until: rental.lease_until,
            flag_reason: rental.flag_reason,
        }
    }
}
