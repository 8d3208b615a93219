//! Reconcile: finishes or rolls back what a crash or an outage left half done.
//!
//! Each task stands for itself: one that fails, because its database or its outside system is
//! away, or that panics, leaves the others their turn, and the next reconcile goes on with it.

mod answers;
mod books;
mod buyouts;
mod claimed;
mod holds;
mod releases;
mod report;
mod returns;
mod starts;
mod steps;

pub use report::ReconcileReport;
pub use steps::ReconcileStep;

use db::{Database, DbError, unless_it_panics};
use external::{PaymentsClient, StationsClient};
use runtime::StartError;
use runtime::env::Env;
use runtime::event::InvocationError;
use runtime::step::reached;
use tokio::time::Instant;

/// How many quotes and keys one reconcile deletes at most.
const PURGE: i64 = 10_000;

/// Puts things right.
#[derive(Debug)]
pub struct Reconcile {
    rentals: Database,
    billing: Database,
    stations: StationsClient,
    payments: PaymentsClient,
}

impl Reconcile {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// When a setting is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let http = runtime::http_client()?;
        Ok(Self {
            rentals: Database::from_env(env, db_rental::DATABASE_URL)?,
            billing: Database::from_env(env, db_billing::DATABASE_URL)?,
            stations: StationsClient::from_env(env, &http)?,
            payments: PaymentsClient::from_env(env, &http)?,
        })
    }

    /// Does every task until it is done or `done_by` has come.
    ///
    /// # Errors
    /// When no task could be done at all.
    pub async fn run(&self, done_by: Instant) -> Result<ReconcileReport, InvocationError> {
        let mut report = ReconcileReport::default();
        reached(ReconcileStep::Received).await;
        let starts = unless_it_panics(self.finish_starts(done_by, &mut report)).await;
        let buyouts = unless_it_panics(self.decide_buyouts(done_by, &mut report)).await;
        let copies = unless_it_panics(self.copy(done_by, &mut report)).await;
        let holds = unless_it_panics(self.settle_holds(done_by, &mut report)).await;
        let returns = unless_it_panics(self.report_returns(done_by, &mut report)).await;
        let purge = unless_it_panics(self.purge(&mut report)).await;
        let results = [
            ("starts", starts),
            ("buyouts", buyouts),
            ("copies", copies),
            ("holds", holds),
            ("returns", returns),
            ("purge", purge),
        ];
        reached(ReconcileStep::Done).await;
        let undone = results.iter().filter(|(_, result)| result.is_err()).count();
        for (task, result) in &results {
            if let Err(error) = result {
                report.failed(task, error);
            }
        }
        if undone == results.len() {
            return Err(InvocationError::new(report.failures.join("; ")));
        }
        report.books = self.books().await;
        report.clock_skew_sec = self.clock_skew_sec().await;
        tracing::info!(?report, "reconcile");
        Ok(report)
    }

    async fn copy(&self, done_by: Instant, report: &mut ReconcileReport) -> Result<(), DbError> {
        let delivered = delivery::copy_all(&self.rentals, &self.billing, done_by).await?;
        reached(ReconcileStep::Copied).await;
        report.copied = delivered.copied;
        report.set_aside = delivered.set_aside;
        Ok(())
    }

    async fn purge(&self, report: &mut ReconcileReport) -> Result<(), DbError> {
        let purged = self
            .rentals
            .tx("purge", async |c| db_rental::purge(c, PURGE).await)
            .await?;
        report.quotes_purged = purged.quotes;
        report.idempotency_keys_purged = purged.idempotency_keys;
        Ok(())
    }
}
