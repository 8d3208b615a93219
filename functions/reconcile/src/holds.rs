//! Holds: unknown ones are asked about until they are known, and releases until they are made.

use crate::claimed::work_through;
use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use db_rental::{Lease, Rental};
use domain::{HoldStatus, Outcome};
use runtime::step::reached;
use tokio::time::Instant;

/// Calls that all time out, 20 at once and 3 s each, end well before their leases of 25 s do.
const BATCH: i64 = 40;

/// What became of a hold that was asked about; none while the provider does not say.
enum Fate {
    Resolved,
    Released,
}

impl Reconcile {
    pub(crate) async fn settle_holds(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        self.ask_about_holds(done_by, report).await?;
        // While billing is away, the releases that are intended already are made all the same.
        let intended = self.intend_releases(done_by).await;
        self.ask_about_holds(done_by, report).await?;
        intended
    }

    /// Asks about every hold and release whose outcome is not known.
    async fn ask_about_holds(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        let claim = async || {
            let token = runtime::fresh_id();
            let leases = self
                .rentals
                .tx("holds_claim", async |c| {
                    db_rental::claim_holds(c, token, BATCH).await
                })
                .await?;
            reached(ReconcileStep::HoldsClaimed).await;
            Ok(leases)
        };
        let ask = |lease| self.ask_about_hold(lease);
        work_through(done_by, claim, ask, |rental_id, fate| match fate {
            Ok(Some(Fate::Resolved)) => add_one(&mut report.holds_resolved),
            Ok(Some(Fate::Released)) => add_one(&mut report.holds_released),
            Ok(None) => add_one(&mut report.holds_unknown),
            Err(error) => report.failed_at("holds", rental_id, &error),
        })
        .await
    }

    async fn ask_about_hold(&self, lease: Lease) -> Result<Option<Fate>, DbError> {
        let rental = self
            .rentals
            .statement("hold_read", async |c| {
                db_rental::find_rental(c, lease.rental_id).await
            })
            .await?
            .ok_or(DbError::Lost("the rental is gone"))?;
        reached(ReconcileStep::HoldRead).await;
        if rental.hold.status == HoldStatus::Releasing {
            let released = start::release_hold(&self.rentals, &self.payments, &rental).await;
            return Ok(released.then_some(Fate::Released));
        }
        let Some(hold) = self.ask(&rental).await else {
            return Ok(None);
        };
        self.rentals
            .statement("hold_late", async |c| {
                db_rental::record_late_hold(c, lease, hold).await
            })
            .await?;
        Ok(Some(Fate::Resolved))
    }

    /// What became of a hold; none while that is unknown.
    async fn ask(&self, rental: &Rental) -> Option<HoldStatus> {
        let intent = rental.hold.intent?;
        let deposit = rental.terms.deposit;
        let outcome = self
            .payments
            .hold(intent, &rental.user_id, rental.rental_id, deposit)
            .await;
        reached(ReconcileStep::HoldAsked).await;
        match outcome {
            Outcome::Succeeded => Some(HoldStatus::Held),
            Outcome::Declined => Some(HoldStatus::Declined),
            Outcome::Expired => Some(HoldStatus::None),
            Outcome::Unknown => None,
        }
    }
}
