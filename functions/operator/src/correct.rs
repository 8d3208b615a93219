//! The commands about what the rules decided, and a person knows better or has done.

use crate::record::record;
use crate::{Command, CommandError, Operator, OperatorStep};
use db_rental::Rental;
use domain::{End, Moment, RentalId};
use runtime::step::reached;
use uuid::Uuid;

impl Operator {
    pub(crate) async fn requeue(
        &self,
        rental_id: RentalId,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let rows = self
            .rentals
            .tx("operator_requeue_outbox", async |connection| {
                let rows = db_rental::requeue(connection, rental_id).await?;
                if rows > 0 {
                    record.in_rentals(connection, rental_id).await?;
                }
                Ok(rows)
            })
            .await?;
        reached(OperatorStep::Committed).await;
        let billed = self
            .billing
            .tx("operator_requeue", async |connection| {
                let was_set_aside = db_billing::requeue(connection, rental_id).await?;
                if was_set_aside {
                    record.in_billing(connection, rental_id).await?;
                }
                Ok(was_set_aside)
            })
            .await?;
        if rows == 0 && !billed {
            return Err(CommandError::Refused(format!(
                "Nothing of {rental_id} is set aside"
            )));
        }
        Ok(rental_id)
    }

    pub(crate) async fn finish(
        &self,
        rental_id: RentalId,
        finished_at: Moment,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let (event_id, event) = self
            .rentals
            .tx("operator_finish", async |connection| {
                let Some(rental) = db_rental::lock_rental(connection, rental_id).await? else {
                    return Ok(Err(format!("{rental_id} is not known")));
                };
                let end = match end_in_the_past(&rental, finished_at) {
                    Ok(end) => end,
                    Err(why) => return Ok(Err(why)),
                };
                let event_id = runtime::fresh_id();
                let ended = match rental.end {
                    Some(_) => db_rental::correct_end(connection, rental, end, event_id).await?,
                    None => db_rental::end(connection, rental, end, None, event_id).await?,
                };
                db_rental::unflag(connection, rental_id).await?;
                record.in_rentals(connection, rental_id).await?;
                Ok(Ok((event_id, ended.event())))
            })
            .await?
            .map_err(CommandError::Refused)?;
        reached(OperatorStep::Committed).await;
        delivery::copy_at_once(&self.rentals, &self.billing, event_id, event).await;
        Ok(rental_id)
    }

    pub(crate) async fn mark_refund_paid(
        &self,
        refund_id: Uuid,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let paid = self
            .billing
            .tx("operator_refund_paid", async |connection| {
                let Some(rental_id) = db_billing::pay_refund(connection, refund_id).await? else {
                    return Ok(None);
                };
                record.in_billing(connection, rental_id).await?;
                Ok(Some(rental_id))
            })
            .await?;
        reached(OperatorStep::Committed).await;
        paid.ok_or_else(|| CommandError::Refused(format!("No refund {refund_id} is owed")))
    }
}

/// The end at `finished_at`, which must lie in the rental's past.
fn end_in_the_past(rental: &Rental, finished_at: Moment) -> Result<End, String> {
    let rental_id = rental.rental_id;
    let running = rental
        .running()
        .ok_or_else(|| format!("{rental_id} is {} and never started", rental.status))?;
    let latest = rental.end.map_or(rental.now, |end| end.finished_at);
    if finished_at < running.started_at || finished_at > latest {
        return Err(format!(
            "finished_at must lie between {} and {latest}",
            running.started_at,
        ));
    }
    Ok(running.end_at(finished_at))
}
