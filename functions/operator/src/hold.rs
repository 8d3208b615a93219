//! `resolve-hold`: whether the provider holds a deposit whose hold stayed unknown.

use crate::record::record;
use crate::{Command, CommandError, HoldFound, Operator, OperatorStep};
use db_rental::{Lease, Rental};
use domain::{HoldStatus, RentalId, RentalStatus};
use runtime::step::reached;

impl Operator {
    pub(crate) async fn resolve_hold(
        &self,
        rental_id: RentalId,
        found: HoldFound,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let hold = match found {
            HoldFound::Held => HoldStatus::Held,
            HoldFound::NotHeld => HoldStatus::None,
        };
        let resolved = self
            .rentals
            .tx("operator_resolve_hold", async |connection| {
                let Some(rental) = db_rental::lock_rental(connection, rental_id).await? else {
                    return Ok(Err(format!("{rental_id} is not known")));
                };
                if let Err(why) = may_resolve(&rental) {
                    return Ok(Err(why));
                }
                let lease = Lease {
                    rental_id,
                    token: runtime::fresh_id(),
                };
                db_rental::take_hold(connection, lease).await?;
                db_rental::record_late_hold(connection, lease, hold).await?;
                record.in_rentals(connection, rental_id).await?;
                Ok(Ok(rental_id))
            })
            .await?;
        reached(OperatorStep::Committed).await;
        resolved.map_err(CommandError::Refused)
    }
}

/// Only a hold of which nobody else finds out any more is a person's to decide.
fn may_resolve(rental: &Rental) -> Result<(), String> {
    let rental_id = rental.rental_id;
    if rental.hold.status != HoldStatus::Requested {
        return Err(format!(
            "The hold of {rental_id} is {}: nothing about it is unknown",
            rental.hold.status.as_str()
        ));
    }
    if rental.status == RentalStatus::Pending {
        return Err(format!(
            "{rental_id} is PENDING: its start is to be decided first"
        ));
    }
    if rental.is_leased() {
        return Err(format!(
            "Somebody works on the hold of {rental_id} right now: try again in 25 seconds"
        ));
    }
    if !rental.hold_is_left_to_a_person() {
        return Err(format!(
            "The hold of {rental_id} is still asked about by each reconcile"
        ));
    }
    Ok(())
}
