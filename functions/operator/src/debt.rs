//! `retry-debt` and `write-off-debt`: a debt that grew too old to be collected.

use crate::record::{Ruled, record};
use crate::{Command, CommandError, Operator, OperatorStep};
use db::Connection;
use db_billing::{BilledRental, Change};
use domain::{Account, Amount, Debt, MoneyError, RentalId};
use runtime::step::reached;

impl Operator {
    pub(crate) async fn retry_debt(
        &self,
        rental_id: RentalId,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        self.change_debt(rental_id, operator, command, |before, _| {
            Ok(Ok(before.account.retry_debt(before.now)))
        })
        .await
    }

    pub(crate) async fn write_off_debt(
        &self,
        rental_id: RentalId,
        amount: Amount,
        operator: &str,
        command: &Command,
    ) -> Result<RentalId, CommandError> {
        self.change_debt(rental_id, operator, command, |before, debt| {
            if debt.amount != amount {
                return Ok(Err(format!(
                    "{rental_id} owes {}, not {amount}",
                    debt.amount
                )));
            }
            before.account.write_off_debt().map(Ok)
        })
        .await
    }

    async fn change_debt(
        &self,
        rental_id: RentalId,
        operator: &str,
        command: &Command,
        decide: impl Fn(&BilledRental, Debt) -> Result<Result<Account, String>, MoneyError>,
    ) -> Result<RentalId, CommandError> {
        let record = record(operator, command)?;
        let changed = self
            .billing
            .tx("operator_debt", async |connection| {
                let (before, debt) = match self.lock_debt(connection, rental_id).await? {
                    Ok(locked) => locked,
                    Err(why) => return Ok(Err(why)),
                };
                let after = match decide(&before, debt)? {
                    Ok(after) => after,
                    Err(why) => return Ok(Err(why)),
                };
                // The next tick finds out what there is to be done now.
                let change = Change {
                    next_bill_at: Some(before.now),
                    before,
                    after,
                    lease: None,
                    settled: None,
                };
                db_billing::save(connection, &[change], runtime::fresh_id).await?;
                record.in_billing(connection, rental_id).await?;
                Ok(Ok(rental_id))
            })
            .await?;
        reached(OperatorStep::Committed).await;
        changed.map_err(CommandError::Refused)
    }

    /// The books with a debt that is a person's to decide about.
    async fn lock_debt(
        &self,
        connection: &mut Connection,
        rental_id: RentalId,
    ) -> Ruled<(BilledRental, Debt)> {
        let Some(billed) = db_billing::lock_rental_account(connection, rental_id).await? else {
            return Ok(Err(format!("{rental_id} is not known to billing")));
        };
        let Some(debt) = billed.account.debt else {
            return Ok(Err(format!("{rental_id} owes nothing")));
        };
        if billed.is_leased {
            return Ok(Err(format!(
                "A tick works on {rental_id} right now: try again in 20 seconds"
            )));
        }
        if let Some(open) = billed.account.open {
            return Ok(Err(format!(
                "Attempt {} of {rental_id} is open: what became of it comes first",
                open.attempt_id
            )));
        }
        // Where no tick comes any more, the debt was too old by the rules of then.
        if billed.next_bill_at.is_some() && !debt.is_left_to_a_person(billed.now, self.debt_max_age)
        {
            return Ok(Err(format!("The debt of {rental_id} is still collected")));
        }
        Ok(Ok((billed, debt)))
    }
}
