//! Starts that stopped half way: before the eject's intent they are rolled back, after it the
//! station is asked what it did. The intent has run out with the lease, so that this is a pure
//! question: no power bank is ejected to an empty pavement.

use crate::claimed::work_through;
use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use db_rental::{Lease, Rental};
use domain::EjectOutcome;
use runtime::api::{ApiError, Reply};
use runtime::step::reached;
use tokio::time::Instant;

/// As many as are asked side by side: an eject may take 8 s, a lease lasts 25 s.
const BATCH: i64 = 20;

/// What became of a start; none while the station does not say.
enum Fate {
    Finished,
    RolledBack,
}

impl Reconcile {
    pub(crate) async fn finish_starts(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        let claim = async || {
            let token = runtime::fresh_id();
            let leases = self
                .rentals
                .tx("pending_claim", async |c| {
                    db_rental::claim_pending(c, token, BATCH).await
                })
                .await?;
            reached(ReconcileStep::StartsClaimed).await;
            Ok(leases)
        };
        let finish = |lease| self.finish_start(lease);
        work_through(done_by, claim, finish, |rental_id, fate| match fate {
            Ok(Some(Fate::Finished)) => add_one(&mut report.starts_finished),
            Ok(Some(Fate::RolledBack)) => add_one(&mut report.starts_rolled_back),
            Ok(None) => add_one(&mut report.starts_unknown),
            Err(error) => report.failed_at("starts", rental_id, &error),
        })
        .await
    }

    async fn finish_start(&self, lease: Lease) -> Result<Option<Fate>, DbError> {
        let rental = self
            .rentals
            .statement("pending_read", async |c| {
                db_rental::find_rental(c, lease.rental_id).await
            })
            .await?
            .ok_or(DbError::Lost("the rental is gone"))?;
        reached(ReconcileStep::StartRead).await;
        let Some(intent) = rental.eject else {
            return self.roll_back(lease, &rental, None).await;
        };
        let outcome = self.stations.eject(intent, &rental.station_id).await;
        reached(ReconcileStep::EjectAsked).await;
        match outcome {
            EjectOutcome::Ejected(powerbank_id) => {
                start::record_eject(&self.rentals, lease, &powerbank_id).await?;
                reached(ReconcileStep::StartDecided).await;
                Ok(Some(Fate::Finished))
            }
            EjectOutcome::Refused => {
                self.roll_back(lease, &rental, Some(ApiError::EjectFailed.reply()))
                    .await
            }
            EjectOutcome::Expired => self.roll_back(lease, &rental, None).await,
            EjectOutcome::Unknown => Ok(None),
        }
    }

    async fn roll_back(
        &self,
        lease: Lease,
        rental: &Rental,
        answer: Option<Reply>,
    ) -> Result<Option<Fate>, DbError> {
        start::roll_back(&self.rentals, lease, rental.hold.status, answer).await?;
        reached(ReconcileStep::StartDecided).await;
        Ok(Some(Fate::RolledBack))
    }
}
