//! `resolve-attempt`: what the provider did with an attempt that stayed unknown.

use crate::record::{Ruled, record};
use crate::{Command, CommandError, KnownOutcome, Operator, OperatorStep};
use db::Connection;
use db_billing::{AttemptStatus, Change};
use domain::{Outcome, RentalId};
use runtime::step::reached;
use uuid::Uuid;

impl Operator {
    pub(crate) async fn resolve_attempt(
        &self,
        rental_id: RentalId,
        attempt_id: Uuid,
        outcome: KnownOutcome,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let resolved = self
            .billing
            .tx("operator_resolve_attempt", async |connection| {
                if let Err(why) = settle(connection, rental_id, attempt_id, outcome).await? {
                    return Ok(Err(why));
                }
                record.in_billing(connection, rental_id).await?;
                Ok(Ok(rental_id))
            })
            .await?;
        reached(OperatorStep::Committed).await;
        resolved.map_err(CommandError::Refused)
    }
}

/// Writes into the books what a person found out about an attempt that nobody asks about any more.
async fn settle(
    connection: &mut Connection,
    rental_id: RentalId,
    attempt_id: Uuid,
    outcome: KnownOutcome,
) -> Ruled<()> {
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
        lease: None,
        settled: Some(status),
    };
    db_billing::save(connection, &[change], runtime::fresh_id).await?;
    Ok(Ok(()))
}
