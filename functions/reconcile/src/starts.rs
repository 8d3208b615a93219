//! Starts that stopped half way: before the eject's intent they are rolled back, after it the
//! station is asked what it did. The intent has run out with the lease, so that this is a pure
//! question: no power bank is ejected to an empty pavement.

use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use db_rental::{Answer, Lease, Rental};
use domain::EjectOutcome;
use runtime::api::{ApiError, Reply};
use runtime::step::reached;
use tokio::time::Instant;

const BATCH: i64 = 20;

impl Reconcile {
    pub(crate) async fn finish_starts(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        while Instant::now() < done_by {
            let token = runtime::fresh_id();
            let leases = self
                .rentals
                .tx("pending_claim", async |c| {
                    db_rental::claim_pending(c, token, BATCH).await
                })
                .await?;
            if leases.is_empty() {
                break;
            }
            reached(ReconcileStep::StartsClaimed);
            for lease in leases {
                match self.finish_start(lease, report).await {
                    // The client's retry took it over.
                    Ok(()) | Err(DbError::Lost(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn finish_start(
        &self,
        lease: Lease,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        let rental = self
            .rentals
            .tx("pending_read", async |c| {
                db_rental::lock_rental(c, lease.rental_id).await
            })
            .await?
            .ok_or(DbError::Lost("the rental is gone"))?;
        let Some(intent) = rental.eject else {
            return self.roll_back(lease, &rental, None, report).await;
        };
        let outcome = self.stations.eject(intent, &rental.station_id).await;
        reached(ReconcileStep::EjectAsked);
        match outcome {
            EjectOutcome::Ejected(powerbank_id) => {
                start::record_eject(&self.rentals, lease, &powerbank_id).await?;
                reached(ReconcileStep::StartDecided);
                add_one(&mut report.starts_finished);
                Ok(())
            }
            EjectOutcome::Refused => {
                let Reply { status, body } = ApiError::EjectFailed.reply();
                self.roll_back(lease, &rental, Some(Answer { status, body }), report)
                    .await
            }
            EjectOutcome::Expired => self.roll_back(lease, &rental, None, report).await,
            EjectOutcome::Unknown => {
                add_one(&mut report.starts_unknown);
                Ok(())
            }
        }
    }

    async fn roll_back(
        &self,
        lease: Lease,
        rental: &Rental,
        answer: Option<Answer>,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        start::roll_back(&self.rentals, lease, rental.hold.status, answer).await?;
        reached(ReconcileStep::StartDecided);
        add_one(&mut report.starts_rolled_back);
        Ok(())
    }
}
