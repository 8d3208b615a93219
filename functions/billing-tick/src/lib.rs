//! The billing tick: charges what is due, turns declined charges into debt, collects debt.
//!
//! It works in batches: commit the intents with a lease (`SKIP LOCKED`), call the provider outside
//! any transaction, commit the outcomes. While the provider is asked about one batch, the next is
//! taken. Several ticks at once share the work; one that dies leaves leases that run out and attempts
//! that the next tick asks about. What is due follows from the database's time and the terms, never
//! from how many ticks ran.

mod batch;
mod calls;
mod report;
mod rules;
mod steps;

pub use report::TickReport;
pub use steps::TickStep;

use batch::Batch;
use chrono::TimeDelta;
use db::{Database, DbError};
use db_billing::BillingBooks;
use external::{ConfigsClient, PaymentsClient};
use futures::future::join;
use rules::Rules;
use runtime::StartError;
use runtime::env::Env;
use runtime::event::InvocationError;
use runtime::step::reached;
use tokio::time::Instant;

const DEFAULT_GRACE_SEC: u32 = 5;

/// Bills what is due.
#[derive(Debug)]
pub struct BillingTick {
    billing: Database,
    payments: PaymentsClient,
    configs: ConfigsClient,
    grace: TimeDelta,
    debt_max_age: TimeDelta,
}

impl BillingTick {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// When a setting is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let http = runtime::http_client()?;
        let grace_sec = env.or("BILLING_GRACE_SEC", DEFAULT_GRACE_SEC)?;
        let debt_max_age_days = env.or("DEBT_MAX_AGE_DAYS", domain::DEFAULT_DEBT_MAX_AGE_DAYS)?;
        Ok(Self {
            billing: Database::from_env(env, db_billing::DATABASE_URL)?,
            payments: PaymentsClient::from_env(env, &http)?,
            configs: ConfigsClient::from_env(env, &http)?,
            grace: TimeDelta::seconds(grace_sec.into()),
            debt_max_age: TimeDelta::days(debt_max_age_days.into()),
        })
    }

    /// Works until nothing is due or `done_by` has come.
    ///
    /// # Errors
    /// When db-billing went away; what was settled before stays settled.
    pub async fn run(&self, done_by: Instant) -> Result<TickReport, InvocationError> {
        let configs = self.configs.configs_or_defaults().await;
        let rules = Rules {
            tick: TimeDelta::seconds(configs.billing_tick_sec.into()),
            grace: self.grace,
            debt_charge_step: configs.debt_charge_step,
            debt_max_age: self.debt_max_age,
        };
        let mut report = TickReport::default();
        match self.bill(&rules, done_by, &mut report).await {
            Ok(()) => {}
            Err(error) if report.rentals == 0 => return Err(InvocationError::new(error)),
            Err(error) => tracing::error!(%error, "the tick ends early"),
        }
        report.books = self.books().await;
        tracing::info!(?report, "tick");
        Ok(report)
    }

    async fn bill(
        &self,
        rules: &Rules,
        done_by: Instant,
        report: &mut TickReport,
    ) -> Result<(), DbError> {
        let mut batch = self.intend(rules).await?;
        while !batch.is_empty() {
            batch.count(report);
            let calls = self.call_all(batch.calls());
            let next = runtime::branch(self.intend_in_time(rules, done_by));
            let (called, next) = join(calls, next).await;
            reached(TickStep::Called).await;
            self.settle(&batch, &called, rules, report).await?;
            let Some(next) = next? else { return Ok(()) };
            batch = next;
        }
        report.nothing_left = true;
        Ok(())
    }

    /// Takes the next batch, if there is still time for it.
    async fn intend_in_time(
        &self,
        rules: &Rules,
        done_by: Instant,
    ) -> Result<Option<Batch>, DbError> {
        if Instant::now() >= done_by {
            return Ok(None);
        }
        self.intend(rules).await.map(Some)
    }

    /// To know how the books stand is not worth the tick: what was billed is billed.
    async fn books(&self) -> Option<BillingBooks> {
        self.billing
            .statement("books", async |c| {
                db_billing::books(c, self.debt_max_age).await
            })
            .await
            .inspect_err(|error| tracing::error!(%error, "how the books stand is not known"))
            .ok()
    }
}
