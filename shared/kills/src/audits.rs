//! Audits of the running system, and the one at its end.

use crate::request::AddOne;
use crate::stage::Stage;
use anyhow::Result;
use audit::{Report, Rules, When};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

const PAUSE: Duration = Duration::from_secs(4);
/// An audit of many rentals must not be all that the processors do.
const SHARE: u32 = 4;
/// Of so many rentals that break a law the log shows all that is known.
const SHOWN: usize = 10;

impl Stage {
    /// Audits the running system, again and again.
    pub(crate) async fn audit_on_the_way(&self) -> Result<()> {
        let auditor = self.world.auditor().of_a_moving_system();
        let mut pause = PAUSE;
        while self.pause(pause).await {
            let begun = Instant::now();
            let audited = auditor.run(When::AnyMoment, Rules::default()).await;
            pause = PAUSE.max(begun.elapsed().saturating_mul(SHARE));
            let report = match audited {
                Ok(report) => report,
                Err(error) => {
                    // The load is too much for it; the one at the end has no load beside it.
                    tracing::warn!(%error, "the audit did not come to its end");
                    continue;
                }
            };
            tracing::info!(rentals = report.rentals(), took = ?begun.elapsed(), "audited");
            for moving in &report.moving {
                tracing::warn!(moving.rental_id, moving.what, "it never stood still");
            }
            self.tally().audits.add_one();
            self.take_in(report).await?;
        }
        Ok(())
    }

    /// Audits the system two rounds after everything ended.
    pub(crate) async fn audit_at_rest(&self) -> Result<()> {
        let report = self.world.audit(When::AtRest).await?;
        self.tally().audits.add_one();
        self.take_in(report).await
    }

    async fn take_in(&self, report: Report) -> Result<()> {
        if !report.is_clean() {
            self.give_up();
            self.show_in_the_log(&report).await?;
        }
        self.tally().report.merge(report);
        Ok(())
    }

    /// All that is known of those that break a law: the databases do not outlive the run.
    async fn show_in_the_log(&self, report: &Report) -> Result<()> {
        tracing::error!("a law is broken:\n{report}");
        let broken = report
            .violations
            .iter()
            .map(|violation| &violation.rental_id);
        let broken: BTreeSet<&String> = broken.collect();
        for rental_id in broken.into_iter().take(SHOWN) {
            let books = self
                .world
                .auditor()
                .books(std::slice::from_ref(rental_id))
                .await?;
            tracing::error!("{books:#?}");
        }
        Ok(())
    }
}
