//! Power banks that came back are reported to their station, so that they can be ejected again.

use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use external::ReturnOutcome;
use runtime::step::reached;
use tokio::time::Instant;

const BATCH: i64 = 100;

impl Reconcile {
    pub(crate) async fn report_returns(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        while Instant::now() < done_by {
            let waiting = self
                .rentals
                .statement("returns_waiting", async |c| {
                    db_rental::to_return(c, BATCH).await
                })
                .await?;
            if waiting.is_empty() {
                break;
            }
            for returned in waiting {
                let id = returned.intent.id;
                let outcome = self
                    .stations
                    .return_powerbank(
                        returned.intent,
                        &returned.station_id,
                        &returned.powerbank_id,
                    )
                    .await;
                reached(ReconcileStep::ReturnCalled);
                match outcome {
                    ReturnOutcome::Returned => {
                        self.rentals
                            .statement("returned", async |c| db_rental::returned(c, id).await)
                            .await?;
                        add_one(&mut report.powerbanks_returned);
                    }
                    ReturnOutcome::Refused(why) => {
                        tracing::error!(event_id = %id, why, "the station refuses a power bank");
                        self.rentals
                            .statement("return_set_aside", async |c| {
                                db_rental::set_aside_return(c, id, &why).await
                            })
                            .await?;
                        add_one(&mut report.set_aside);
                    }
                    // The stations are away: the rest would wait for time-outs one by one.
                    ReturnOutcome::Unknown => return Ok(()),
                }
            }
        }
        Ok(())
    }
}
