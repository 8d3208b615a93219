//! ACTIVE rentals whose buyout has come: every reader sees BUYOUT already; here it is written
//! down, so that billing and the others are told.

use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use db_rental::BuyoutDue;
use domain::RentalId;
use runtime::step::reached;
use tokio::time::Instant;

const BATCH: i64 = 100;

impl Reconcile {
    pub(crate) async fn decide_buyouts(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        let mut after = None;
        while Instant::now() < done_by {
            let due = self
                .rentals
                .statement("buyouts_due", async |c| {
                    db_rental::buyouts_due(c, after, BATCH).await
                })
                .await?;
            let Some(last) = due.last() else { break };
            after = Some(*last);
            for BuyoutDue { rental_id, .. } in due {
                match db::unless_it_panics(self.decide_buyout(rental_id)).await {
                    Ok(()) => add_one(&mut report.buyouts),
                    // Stopped meanwhile, which saw the buyout too.
                    Err(DbError::Lost(_)) => {}
                    Err(error) if error.is_fault_of_the_data() => {
                        report.failed_at("buyouts", rental_id, &error);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn decide_buyout(&self, rental_id: RentalId) -> Result<(), DbError> {
        self.rentals
            .tx("buyout", async |c| {
                db_rental::buy_out(c, rental_id, runtime::fresh_id()).await
            })
            .await?;
        reached(ReconcileStep::BuyoutDecided).await;
        Ok(())
    }
}
