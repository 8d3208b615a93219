//! The billing tick: charges what is due, turns declined charges into debt, collects debt.
//!
//! It works in batches: claim (leases, `SKIP LOCKED`), commit the intents, call the provider
//! outside any transaction, commit the outcomes. Several ticks at once share the work; one that
//! dies leaves leases that run out and attempts that the next tick asks about. What is due follows
//! from the database's time and the terms, never from how many ticks ran.

mod batch;
mod calls;
mod report;
mod steps;

pub use report::TickReport;
pub use steps::TickStep;

use batch::Rules;
use chrono::TimeDelta;
use db::Database;
use db_billing::BillingBooks;
use external::{ConfigsClient, PaymentsClient};
use runtime::StartError;
use runtime::env::Env;
use runtime::event::InvocationError;
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
        while Instant::now() < done_by {
            match self.bill_batch(&rules, &mut report).await {
                Ok(true) => {}
                Ok(false) => {
                    report.nothing_left = true;
                    break;
                }
                Err(error) if report.rentals == 0 => return Err(InvocationError::new(error)),
                Err(error) => {
                    tracing::error!(%error, "the tick ends early");
                    break;
                }
            }
        }
        report.books = self.books().await;
        tracing::info!(?report, "tick");
        Ok(report)
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
