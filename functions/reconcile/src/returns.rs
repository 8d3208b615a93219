//! Power banks that came back are reported to their station, so that they can be ejected again.

use crate::answers::Answers;
use crate::claimed::AT_ONCE;
use crate::report::add_one;
use crate::{Reconcile, ReconcileReport, ReconcileStep};
use db::DbError;
use db_rental::PowerbankReturn;
use external::ReturnOutcome;
use futures::StreamExt;
use runtime::step::reached;
use tokio::time::Instant;

const BATCH: i64 = 20;

impl Reconcile {
    pub(crate) async fn report_returns(
        &self,
        done_by: Instant,
        report: &mut ReconcileReport,
    ) -> Result<(), DbError> {
        let mut after = 0;
        while Instant::now() < done_by {
            let waiting = self
                .rentals
                .statement("returns_waiting", async |c| {
                    db_rental::to_return(c, after, BATCH).await
                })
                .await?;
            let Some((last, _)) = waiting.last() else {
                break;
            };
            after = *last;
            let mut readable = Vec::new();
            for (_, returned) in waiting {
                match returned {
                    Ok(returned) => readable.push(returned),
                    Err(error) => report.failed("returns", &error),
                }
            }
            let report_return = |returned| db::unless_it_panics(self.report_return(returned));
            let mut outcomes = runtime::side_by_side(readable, AT_ONCE, report_return);
            let mut answers = Answers::default();
            while let Some(outcome) = outcomes.next().await {
                if let Ok(outcome) = &outcome {
                    answers.note(*outcome != ReturnOutcome::Unknown);
                }
                match outcome {
                    Ok(ReturnOutcome::Returned) => add_one(&mut report.powerbanks_returned),
                    Ok(ReturnOutcome::Refused(_)) => add_one(&mut report.set_aside),
                    Ok(ReturnOutcome::Unknown) => {}
                    Err(error) if error.is_fault_of_the_data() => report.failed("returns", &error),
                    Err(error) => return Err(error),
                }
            }
            if answers.nobody_is_there() {
                break;
            }
        }
        Ok(())
    }

    async fn report_return(&self, returned: PowerbankReturn) -> Result<ReturnOutcome, DbError> {
        let PowerbankReturn {
            intent,
            station_id,
            powerbank_id,
        } = returned;
        reached(ReconcileStep::ReturnDue).await;
        let outcome = self
            .stations
            .return_powerbank(intent, &station_id, &powerbank_id)
            .await;
        reached(ReconcileStep::ReturnCalled).await;
        match &outcome {
            ReturnOutcome::Returned => {
                self.rentals
                    .statement("returned", async |c| {
                        db_rental::returned(c, intent.id).await
                    })
                    .await?;
            }
            ReturnOutcome::Refused(why) => {
                tracing::error!(%station_id, %powerbank_id, why, "the station refuses a power bank");
                self.rentals
                    .statement("return_set_aside", async |c| {
                        db_rental::set_aside_return(c, intent.id, why).await
                    })
                    .await?;
            }
            ReturnOutcome::Unknown => {}
        }
        Ok(outcome)
    }
}
