//! What a person does by hand, where the rules leave something to a person. Every command is
//! recorded in the transaction of its effect, and answers with the rental as it stands then.

mod attempt;
mod command;
mod correct;
mod debt;
mod eject;
mod hold;
mod record;
mod show;
mod steps;
mod worklist;

pub use command::{Command, EjectFound, HoldFound, KnownOutcome};
pub use show::{Shown, ShownHold, ShownRental};
pub use steps::OperatorStep;
pub use worklist::Worklist;

use chrono::TimeDelta;
use db::{Database, DbError};
use runtime::StartError;
use runtime::env::Env;
use runtime::event::InvocationError;
use runtime::step::reached;
use serde::Serialize;

/// Does what a person says.
#[derive(Debug)]
pub struct Operator {
    rentals: Database,
    billing: Database,
    debt_max_age: TimeDelta,
}

/// What a command answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The rental that it was about, as it stands then.
    Rental(Box<Shown>),
    /// What waits for a person.
    Worklist(Box<Worklist>),
}

/// A command that cannot be done, and why, for the person who gave it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Operator {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// When a setting is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let debt_max_age_days = env.or("DEBT_MAX_AGE_DAYS", domain::DEFAULT_DEBT_MAX_AGE_DAYS)?;
        Ok(Self {
            rentals: Database::from_env(env, db_rental::DATABASE_URL)?,
            billing: Database::from_env(env, db_billing::DATABASE_URL)?,
            debt_max_age: TimeDelta::days(debt_max_age_days.into()),
        })
    }

    /// Does one command.
    ///
    /// # Errors
    /// In words for the person who gave the command.
    pub async fn run(&self, command: Command) -> Result<Answer, InvocationError> {
        tracing::info!(?command, "operator");
        self.act(&command).await.map_err(InvocationError::new)
    }

    async fn act(&self, command: &Command) -> Result<Answer, CommandError> {
        reached(OperatorStep::Received).await;
        let rental_id = match command {
            Command::Show { rental_id } => *rental_id,
            Command::Worklist {} => {
                let worklist = self.worklist().await;
                reached(OperatorStep::Done).await;
                return Ok(Answer::Worklist(Box::new(worklist)));
            }
            Command::Requeue {
                rental_id,
                operator,
            } => self.requeue(*rental_id, operator, command).await?,
            Command::Finish {
                rental_id,
                finished_at,
                operator,
                ..
            } => {
                self.finish(*rental_id, *finished_at, operator, command)
                    .await?
            }
            Command::MarkRefundPaid {
                refund_id,
                operator,
            } => self.mark_refund_paid(*refund_id, operator, command).await?,
            Command::ResolveAttempt {
                rental_id,
                attempt_id,
                outcome,
                operator,
            } => {
                self.resolve_attempt(*rental_id, *attempt_id, *outcome, operator, command)
                    .await?
            }
            Command::ResolveEject {
                rental_id,
                outcome,
                operator,
            } => {
                self.resolve_eject(*rental_id, outcome, operator, command)
                    .await?
            }
            Command::ResolveHold {
                rental_id,
                outcome,
                operator,
            } => {
                self.resolve_hold(*rental_id, *outcome, operator, command)
                    .await?
            }
            Command::RetryDebt {
                rental_id,
                operator,
            } => self.retry_debt(*rental_id, operator, command).await?,
            Command::WriteOffDebt {
                rental_id,
                amount,
                operator,
                ..
            } => {
                self.write_off_debt(*rental_id, *amount, operator, command)
                    .await?
            }
        };
        reached(OperatorStep::Done).await;
        let shown = self.show(rental_id).await?;
        Ok(Answer::Rental(Box::new(shown)))
    }
}
