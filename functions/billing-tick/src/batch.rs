//! One batch: its intents, its calls, its outcomes.

use crate::calls::{Call, Called};
use crate::{BillingTick, TickReport, TickStep};
use chrono::TimeDelta;
use db::{Connection, DbError};
use db_billing::{AttemptStatus, BilledRental, Change, Leased};
use domain::{Account, Amount, Moment, MoneyError, Outcome, RentalId, Tick};
use runtime::step::reached;
use uuid::Uuid;

/// So many rentals are taken, asked about and settled together.
pub(crate) const BATCH: u8 = 128;

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

/// A batch whose intents are committed.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Of the leases of all rentals that are to be asked about.
    token: Uuid,
    changes: Vec<Change>,
    set_aside: usize,
}

impl Batch {
    /// Whether nothing was due.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.set_aside == 0
    }

    /// Counts what was committed before the provider is called.
    pub(crate) fn count(&self, report: &mut TickReport) {
        report.set_aside = report.set_aside.saturating_add(self.set_aside);
        report.count_intents(&self.changes);
    }

    /// What the provider is to be asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.changes.iter().filter_map(call).collect()
    }
}

impl BillingTick {
    /// Commits what is to be done about the rentals that have been due for longest.
    pub(crate) async fn intend(&self, rules: &Rules) -> Result<Batch, DbError> {
        reached(TickStep::Received).await;
        let token = runtime::fresh_id();
        let intended = self.billing.tx("tick_intend", async |c| {
            let due = db_billing::take_due(c, rules.tick, rules.grace, BATCH.into()).await?;
            write_intents(c, &due, rules, token).await
        });
        let batch = match db::unless_it_panics(intended).await {
            Err(error) if error.is_fault_of_the_data() => self.intend_each(rules, token).await?,
            changes => Batch {
                token,
                changes: changes?,
                set_aside: 0,
            },
        };
        reached(TickStep::Intended).await;
        Ok(batch)
    }

    /// The same one by one, so that a bad rental holds up no other: it is set aside.
    async fn intend_each(&self, rules: &Rules, token: Uuid) -> Result<Batch, DbError> {
        self.billing
            .tx("tick_intend_each", async |c| {
                let mut batch = Batch {
                    token,
                    changes: Vec::new(),
                    set_aside: 0,
                };
                for rental_id in
                    db_billing::take_due(c, rules.tick, rules.grace, BATCH.into()).await?
                {
                    let written = db::savepoint(c, async |c| {
                        db::unless_it_panics(write_intents(c, &[rental_id], rules, token)).await
                    });
                    match written.await {
                        Err(error) if error.is_fault_of_the_data() => {
                            tracing::error!(%rental_id, %error, "the rental is set aside");
                            let why = error.to_string();
                            db_billing::set_aside(c, rental_id, None, &why).await?;
                            batch.set_aside = batch.set_aside.saturating_add(1);
                        }
                        changes => batch.changes.extend(changes?),
                    }
                }
                Ok(batch)
            })
            .await
    }

    /// Commits what the provider answered. A rental whose lease is lost is somebody else's by now.
    pub(crate) async fn settle(
        &self,
        batch: &Batch,
        called: &[Called],
        rules: &Rules,
        report: &mut TickReport,
    ) -> Result<(), DbError> {
        let token = batch.token;
        let halved = db::in_halves(called, async |part| {
            let rental_ids = part.iter().map(|called| called.call.rental_id).collect();
            let leased = Leased { token, rental_ids };
            self.billing
                .tx("tick_settle", async |connection| {
                    write_outcomes(connection, &leased, part, rules).await
                })
                .await
        })
        .await?;
        report.count_outcomes(&halved.done.concat());
        for (bad, why) in halved.bad {
            self.set_aside(bad.call.rental_id, token, &why, report)
                .await?;
        }
        reached(TickStep::Settled).await;
        Ok(())
    }

    async fn set_aside(
        &self,
        rental_id: RentalId,
        token: Uuid,
        why: &DbError,
        report: &mut TickReport,
    ) -> Result<(), DbError> {
        tracing::error!(%rental_id, error = %why, "the rental is set aside");
        let why = why.to_string();
        let aside = self
            .billing
            .statement("tick_set_aside", async |c| {
                db_billing::set_aside(c, rental_id, Some(token), &why).await
            })
            .await;
        match aside {
            Ok(()) => report.set_aside = report.set_aside.saturating_add(1),
            Err(DbError::Lost(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
/// Reads the books of rentals locked in this transaction, and writes what is to be done about them.
async fn write_intents(
    connection: &mut Connection,
    due: &[RentalId],
    rules: &Rules,
    token: Uuid,
) -> Result<Vec<Change>, DbError> {
    let rentals = db_billing::read_locked(connection, due).await?;
    let planned = rentals
        .into_iter()
        .map(|rental| planned(rental, rules, token));
    write(connection, planned).await
}

/// Reads and locks the books of leased rentals, and writes what the provider answered.
async fn write_outcomes(
    connection: &mut Connection,
    leased: &Leased,
    called: &[Called],
    rules: &Rules,
) -> Result<Vec<Change>, DbError> {
    let rentals = db_billing::lock_leased(connection, leased).await?;
    let settled = rentals
        .into_iter()
        .filter_map(|rental| settled(rental, called, rules).transpose());
    write(connection, settled).await
}

async fn write(
    connection: &mut Connection,
    changes: impl Iterator<Item = Result<Change, MoneyError>>,
) -> Result<Vec<Change>, DbError> {
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    db_billing::save(connection, &changes, runtime::fresh_id).await?;
    Ok(changes)
}

/// What this tick does with a rental before it calls the provider. One that it will ask about stays
/// due: should this tick die, the lease runs out, and the next one asks.
fn planned(rental: BilledRental, rules: &Rules, token: Uuid) -> Result<Change, MoneyError> {
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
fn settled(
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

/// The attempt that is to be asked about, new or still open.
fn call(change: &Change) -> Option<Call> {
    let attempt = change.after.open.filter(|_| change.lease.is_some())?;
    let BilledRental {
        rental_id, user_id, ..
    } = &change.before;
    Some(Call {
        rental_id: *rental_id,
        user_id: user_id.clone(),
        attempt,
    })
}
