//! The commands that change something.

use crate::{Command, CommandError, KnownOutcome, Operator, OperatorStep};
use db::{Connection, DbError};
use db_billing::{AttemptStatus, Change};
use db_rental::Rental;
use domain::{End, Moment, Outcome, RentalId, Running};
use runtime::step::reached;
use uuid::Uuid;

/// A transaction's result: refused by a rule, with nothing written, or done.
type Ruled<T> = Result<Result<T, String>, DbError>;

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
                record.in_rentals(connection, rental_id).await?;
                Ok(Ok((event_id, ended.event())))
            })
            .await?
            .map_err(CommandError::Refused)?;
        reached(OperatorStep::Committed).await;
        delivery::copy_inline(&self.rentals, &self.billing, event_id, event).await;
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

    pub(crate) async fn resolve_attempt(
        &self,
        attempt_id: Uuid,
        outcome: KnownOutcome,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let resolved = self
            .billing
            .tx("operator_resolve_attempt", async |connection| {
                let rental_id = match settle(connection, attempt_id, outcome).await? {
                    Ok(rental_id) => rental_id,
                    Err(why) => return Ok(Err(why)),
                };
                record.in_billing(connection, rental_id).await?;
                Ok(Ok(rental_id))
            })
            .await?;
        reached(OperatorStep::Committed).await;
        resolved.map_err(CommandError::Refused)
    }
}

/// The end at `finished_at`, which must lie in the rental's past.
fn end_in_the_past(rental: &Rental, finished_at: Moment) -> Result<End, String> {
    let rental_id = rental.rental_id;
    let running: Running = rental
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

/// Writes into the books what a person found out about an attempt that nobody asks about any more.
async fn settle(
    connection: &mut Connection,
    attempt_id: Uuid,
    outcome: KnownOutcome,
) -> Ruled<RentalId> {
    let Some(rental_id) = db_billing::rental_of_attempt(connection, attempt_id).await? else {
        return Ok(Err(format!("Attempt {attempt_id} is not known")));
    };
    let Some(before) = db_billing::lock_rental_account(connection, rental_id).await? else {
        return Ok(Err(format!("{rental_id} is not known to billing")));
    };
    if before
        .account
        .open
        .is_none_or(|open| open.attempt_id != attempt_id)
    {
        return Ok(Err(format!("Attempt {attempt_id} is not open")));
    }
    if !before.account.attempt_is_left_to_a_person(before.now) {
        return Ok(Err(format!(
            "Attempt {attempt_id} is still asked about by each tick"
        )));
    }
    if before.is_leased {
        return Ok(Err(format!(
            "A tick works on {rental_id} right now: try again in 20 seconds"
        )));
    }
    let (outcome, status) = match outcome {
        KnownOutcome::Succeeded => (Outcome::Succeeded, AttemptStatus::Succeeded),
        KnownOutcome::Declined => (Outcome::Declined, AttemptStatus::Declined),
    };
    let after = before.account.settle(outcome, before.now)?;
    // The next tick finds out what there is to be done now.
    let next_bill_at = Some(before.now);
    let change = Change {
        before,
        after,
        next_bill_at,
        keeps_lease: false,
        settled: Some(status),
    };
    db_billing::save(connection, &[change], runtime::fresh_id).await?;
    Ok(Ok(rental_id))
}

/// A command as it is kept.
struct Record<'a> {
    action_id: Uuid,
    operator: &'a str,
    command: serde_json::Value,
}

fn record<'a>(operator: &'a str, command: &Command) -> Result<Record<'a>, CommandError> {
    if operator.trim().is_empty() {
        return Err(CommandError::Refused(
            "Say who gives the command: \"operator\"".to_owned(),
        ));
    }
    let command = serde_json::to_value(command)
        .map_err(|error| DbError::Defect(format!("a command does not serialize: {error}")))?;
    Ok(Record {
        action_id: runtime::fresh_id(),
        operator,
        command,
    })
}

impl Record<'_> {
    async fn in_rentals(
        &self,
        connection: &mut Connection,
        rental_id: RentalId,
    ) -> Result<(), DbError> {
        let Self {
            action_id,
            operator,
            command,
        } = self;
        db_rental::record_operator_action(connection, *action_id, rental_id, operator, command)
            .await
    }

    async fn in_billing(
        &self,
        connection: &mut Connection,
        rental_id: RentalId,
    ) -> Result<(), DbError> {
        let Self {
            action_id,
            operator,
            command,
        } = self;
        db_billing::record_operator_action(connection, *action_id, rental_id, operator, command)
            .await
    }
}
