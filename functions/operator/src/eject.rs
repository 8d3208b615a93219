//! `resolve-eject`: what the station did about a start that stayed unknown.

use crate::record::record;
use crate::{Command, CommandError, EjectFound, Operator, OperatorStep};
use db::{Connection, DbError};
use db_rental::{Lease, Rental};
use domain::{Moment, PowerbankId, RentalEvent, RentalId, RentalStatus, whole_seconds};
use runtime::api::ApiError;
use runtime::step::reached;
use uuid::Uuid;

impl Operator {
    pub(crate) async fn resolve_eject(
        &self,
        rental_id: RentalId,
        found: &EjectFound,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let started = self
            .rentals
            .tx("operator_resolve_eject", async |connection| {
                let Some(rental) = db_rental::lock_rental(connection, rental_id).await? else {
                    return Ok(Err(format!("{rental_id} is not known")));
                };
                if let Err(why) = may_resolve(&rental).and_then(|()| fits(&rental, found)) {
                    return Ok(Err(why));
                }
                let started = decide(connection, &rental, found).await?;
                record.in_rentals(connection, rental_id).await?;
                Ok(Ok(started))
            })
            .await?
            .map_err(CommandError::Refused)?;
        reached(OperatorStep::Committed).await;
        if let Some((event_id, event)) = started {
            delivery::copy_at_once(&self.rentals, &self.billing, event_id, event).await;
        }
        Ok(rental_id)
    }
}

/// Only a start of which nobody else finds out any more is a person's to decide.
fn may_resolve(rental: &Rental) -> Result<(), String> {
    let rental_id = rental.rental_id;
    if rental.status != RentalStatus::Pending {
        return Err(format!(
            "{rental_id} is {}: its start is decided",
            rental.status
        ));
    }
    if rental.is_leased() {
        return Err(format!(
            "Somebody works on the start of {rental_id} right now: try again in 25 seconds"
        ));
    }
    if !rental.eject_is_left_to_a_person() {
        return Err(format!(
            "The start of {rental_id} is still finished or rolled back by reconcile"
        ));
    }
    Ok(())
}

/// Whether what the person says can have happened.
fn fits(rental: &Rental, found: &EjectFound) -> Result<(), String> {
    let EjectFound::Ejected {
        started_at,
        finished_at,
        ..
    } = found
    else {
        return Ok(());
    };
    let begun_at = whole_seconds(rental.created_at);
    let started_at = started_at.unwrap_or(rental.now);
    if started_at < begun_at || started_at > rental.now {
        return Err(format!(
            "started_at must lie between {begun_at} and {}",
            rental.now
        ));
    }
    match finished_at {
        Some(finished_at) if *finished_at < started_at || *finished_at > rental.now => {
            Err(format!(
                "finished_at must lie between {started_at} and {}",
                rental.now
            ))
        }
        _ => Ok(()),
    }
}

/// Decides the start, and returns what billing is to be told of.
async fn decide(
    connection: &mut Connection,
    rental: &Rental,
    found: &EjectFound,
) -> Result<Option<(Uuid, RentalEvent)>, DbError> {
    let lease = Lease {
        rental_id: rental.rental_id,
        token: runtime::fresh_id(),
    };
    db_rental::take_over(connection, lease).await?;
    match found {
        EjectFound::NotEjected => {
            let answer = ApiError::EjectFailed.reply();
            start_decision::fail(connection, lease, rental.hold.status, Some(&answer)).await?;
            Ok(None)
        }
        EjectFound::Ejected {
            powerbank_id,
            started_at,
            finished_at,
        } => start(connection, lease, powerbank_id, *started_at, *finished_at)
            .await
            .map(Some),
    }
}

/// PENDING to ACTIVE, and on to the end where that is known too: in one transaction, so that no tick
/// bills what lies between.
async fn start(
    connection: &mut Connection,
    lease: Lease,
    powerbank_id: &PowerbankId,
    started_at: Option<Moment>,
    finished_at: Option<Moment>,
) -> Result<(Uuid, RentalEvent), DbError> {
    let started = start_decision::activate(connection, lease, powerbank_id, started_at).await?;
    let running = started.rental.running();
    let Some((running, finished_at)) = running.zip(finished_at) else {
        return Ok((started.event_id, started.rental.event()));
    };
    let event_id = runtime::fresh_id();
    let end = running.end_at(finished_at);
    let ended = db_rental::end(connection, started.rental, end, None, event_id).await?;
    db_rental::unflag(connection, lease.rental_id).await?;
    Ok((event_id, ended.event()))
}
