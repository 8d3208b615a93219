//! One batch: claim, intent, call, outcome.

use crate::calls::{Call, Called};
use crate::{BillingTick, TickReport, TickStep};
use chrono::TimeDelta;
use db::{Connection, DbError, Halved};
use db_billing::{AttemptStatus, BilledRental, Change, Claimed};
use domain::{Account, Amount, MoneyError, Outcome, RentalId, Tick};
use runtime::step::reached;

const BATCH: i64 = 128;

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

impl BillingTick {
    /// Bills one batch; false when nothing was due.
    pub(crate) async fn bill_batch(
        &self,
        rules: &Rules,
        report: &mut TickReport,
    ) -> Result<bool, DbError> {
        reached(TickStep::Received).await;
        let token = runtime::fresh_id();
        let claimed = self
            .billing
            .tx("tick_claim", async |c| {
                db_billing::claim(c, rules.tick, rules.grace, token, BATCH).await
            })
            .await?;
        if claimed.rental_ids.is_empty() {
            return Ok(false);
        }
        reached(TickStep::Claimed).await;
        let calls = self.intend(&claimed, rules, report).await?;
        reached(TickStep::Intended).await;
        let called = self.call_all(&claimed, calls).await;
        reached(TickStep::Called).await;
        self.settle(&claimed, &called, rules, report).await?;
        reached(TickStep::Settled).await;
        Ok(true)
    }

    /// Commits what is to be done, and returns what is to be asked.
    async fn intend(
        &self,
        claimed: &Claimed,
        rules: &Rules,
        report: &mut TickReport,
    ) -> Result<Vec<Call>, DbError> {
        let halved = db::in_halves(&claimed.rental_ids, async |part| {
            let part = Claimed {
                token: claimed.token,
                rental_ids: part.to_vec(),
            };
            self.billing
                .tx("tick_intend", async |connection| {
                    write(connection, &part, |rental| {
                        Ok(Some(planned(rental, rules)?))
                    })
                    .await
                })
                .await
        })
        .await?;
        let changes = self.set_aside_the_bad(claimed, halved, report).await?;
        report.count_intents(&changes);
        Ok(changes.into_iter().filter_map(call).collect())
    }

    /// Commits what the provider answered. A rental whose lease is lost is somebody else's by now.
    async fn settle(
        &self,
        claimed: &Claimed,
        called: &[Called],
        rules: &Rules,
        report: &mut TickReport,
    ) -> Result<(), DbError> {
        let halved = db::in_halves(called, async |part| {
            let rental_ids = part.iter().map(|called| called.call.rental_id).collect();
            let leased = Claimed {
                token: claimed.token,
                rental_ids,
            };
            self.billing
                .tx("tick_settle", async |connection| {
                    write(connection, &leased, |rental| settled(rental, part, rules)).await
                })
                .await
        })
        .await?;
        let halved = Halved {
            done: halved.done,
            bad: halved
                .bad
                .into_iter()
                .map(|(bad, why)| (bad.call.rental_id, why))
                .collect(),
        };
        let changes = self.set_aside_the_bad(claimed, halved, report).await?;
        report.count_outcomes(&changes);
        Ok(())
    }

    async fn set_aside_the_bad(
        &self,
        claimed: &Claimed,
        halved: Halved<RentalId, Vec<Change>>,
        report: &mut TickReport,
    ) -> Result<Vec<Change>, DbError> {
        for (rental_id, why) in halved.bad {
            tracing::error!(%rental_id, error = %why, "the rental is set aside");
            let why = why.to_string();
            let aside = self
                .billing
                .statement("tick_set_aside", async |c| {
                    db_billing::set_aside(c, rental_id, claimed.token, &why).await
                })
                .await;
            match aside {
                Ok(()) => report.set_aside = report.set_aside.saturating_add(1),
                Err(DbError::Lost(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(halved.done.into_iter().flatten().collect())
    }
}

/// Reads the leased rentals' books, decides for each, and writes all decisions.
async fn write(
    connection: &mut Connection,
    leased: &Claimed,
    decide: impl Fn(BilledRental) -> Result<Option<Change>, MoneyError>,
) -> Result<Vec<Change>, DbError> {
    let rentals = db_billing::lock_accounts(connection, leased).await?;
    let changes = rentals
        .into_iter()
        .filter_map(|rental| decide(rental).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    db_billing::save(connection, &changes, runtime::fresh_id).await?;
    Ok(changes)
}

/// What this tick does with a rental before it calls the provider.
fn planned(rental: BilledRental, rules: &Rules) -> Result<Change, MoneyError> {
    let tick = rules.at(&rental);
    let after = rental.account.plan(&tick, runtime::fresh_id())?;
    let keeps_lease = after.open.is_some() && !after.attempt_is_left_to_a_person(tick.now);
    change(rental, after, &tick, keeps_lease, None)
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
    let status = match answer.outcome {
        Outcome::Succeeded => Some(AttemptStatus::Succeeded),
        Outcome::Declined => Some(AttemptStatus::Declined),
        Outcome::Expired => Some(AttemptStatus::Expired),
        Outcome::Unknown => None,
    };
    change(rental, after, &tick, false, status).map(Some)
}

fn change(
    before: BilledRental,
    after: Account,
    tick: &Tick,
    keeps_lease: bool,
    settled: Option<AttemptStatus>,
) -> Result<Change, MoneyError> {
    // What was done in this moment of the grid is not done again in it.
    let next_bill_at = after.next_bill_at(tick)?.map(|moment| moment.max(tick.now));
    Ok(Change {
        before,
        after,
        next_bill_at,
        keeps_lease,
        settled,
    })
}

/// The attempt that is to be asked about, new or still open.
fn call(change: Change) -> Option<Call> {
    let attempt = change.after.open.filter(|_| change.keeps_lease)?;
    let BilledRental {
        rental_id, user_id, ..
    } = change.before;
    Some(Call {
        rental_id,
        user_id,
        attempt,
    })
}
