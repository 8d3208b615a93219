//! What a tick decides about one rental: by its rules, its books, and the provider's answer.

use crate::calls::Called;
use chrono::TimeDelta;
use db_billing::{AttemptStatus, BilledRental, Change};
use domain::{Account, Amount, Moment, MoneyError, Outcome, Tick};
use uuid::Uuid;

/// The rules of one tick, beside its moment, which each transaction reads from the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) tick: TimeDelta,
    pub(crate) grace: TimeDelta,
    pub(crate) debt_charge_step: Amount,
    pub(crate) debt_max_age: TimeDelta,
}

impl Rules {
    const fn at(&self, rental: &BilledRental) -> Tick {
        Tick {
            now: rental.now,
            grace: self.grace,
            debt_charge_step: self.debt_charge_step,
            debt_max_age: self.debt_max_age,
        }
    }
}

/// What this tick does with a rental before it calls the provider. One that it will ask about stays
/// due: should this tick die, the lease runs out, and the next one asks.
pub(crate) fn planned(
    rental: BilledRental,
    rules: &Rules,
    token: Uuid,
) -> Result<Change, MoneyError> {
    let tick = rules.at(&rental);
    let after = rental.account.plan(&tick, runtime::fresh_id())?;
    let is_asked_about = after.open.is_some() && !after.attempt_is_left_to_a_person(tick.now);
    let next_bill_at = if is_asked_about {
        rental.next_bill_at
    } else {
        next_bill_at(&after, &tick)?
    };
    Ok(Change {
        before: rental,
        after,
        next_bill_at,
        lease: is_asked_about.then_some(token),
        settled: None,
    })
}

/// What the provider's answer changes; none when the attempt was settled by somebody else.
pub(crate) fn settled(
    rental: BilledRental,
    called: &[Called],
    rules: &Rules,
) -> Result<Option<Change>, MoneyError> {
    let answer = called
        .iter()
        .find(|called| called.call.rental_id == rental.rental_id);
    let open = rental.account.open;
    let Some(answer) =
        answer.filter(|a| open.is_some_and(|o| o.attempt_id == a.call.attempt.attempt_id))
    else {
        return Ok(None);
    };
    let tick = rules.at(&rental);
    let after = rental.account.settle(answer.outcome, tick.now)?;
    let settled = match answer.outcome {
        Outcome::Succeeded => Some(AttemptStatus::Succeeded),
        Outcome::Declined => Some(AttemptStatus::Declined),
        Outcome::Expired => Some(AttemptStatus::Expired),
        Outcome::Unknown => None,
    };
    Ok(Some(Change {
        before: rental,
        after,
        next_bill_at: next_bill_at(&after, &tick)?,
        lease: None,
        settled,
    }))
}

/// What was done in this moment of the grid is not done again in it.
fn next_bill_at(after: &Account, tick: &Tick) -> Result<Option<Moment>, MoneyError> {
    let next = after.next_bill_at(tick)?;
    Ok(next.map(|moment| moment.max(tick.now)))
}
