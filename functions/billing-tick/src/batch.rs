//! One batch: its intents, its calls, its outcomes.

use crate::calls::{Call, Called};
use crate::rules::{Rules, planned, settled};
use crate::{BillingTick, TickReport, TickStep};
use db::{Connection, DbError};
use db_billing::{BilledRental, Change, Leased};
use domain::{MoneyError, RentalId};
use runtime::step::reached;
use uuid::Uuid;

/// So many rentals are taken, asked about and settled together.
pub(crate) const BATCH: u8 = 128;

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
