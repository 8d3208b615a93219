//! What a person does by hand, where the rules leave something to a person. Every command is
//! recorded in the transaction of its effect, and answers with the rental as it stands then.

mod command;
mod correct;
mod show;
mod steps;

pub use command::{Command, KnownOutcome};
pub use show::{Shown, ShownHold, ShownRental};
pub use steps::OperatorStep;

use db::{Database, DbError};
use runtime::StartError;
use runtime::env::Env;
use runtime::event::InvocationError;
use runtime::step::reached;

/// Does what a person says.
#[derive(Debug)]
pub struct Operator {
    rentals: Database,
    billing: Database,
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
        Ok(Self {
            rentals: Database::from_env(env, db_rental::DATABASE_URL)?,
            billing: Database::from_env(env, db_billing::DATABASE_URL)?,
        })
    }

    /// Does one command.
    ///
    /// # Errors
    /// In words for the person who gave the command.
    pub async fn run(&self, command: Command) -> Result<Shown, InvocationError> {
        tracing::info!(?command, "operator");
        self.act(&command).await.map_err(InvocationError::new)
    }

    async fn act(&self, command: &Command) -> Result<Shown, CommandError> {
        reached(OperatorStep::Received).await;
        let rental_id = match command {
            Command::Show { rental_id } => *rental_id,
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
                attempt_id,
                outcome,
                operator,
            } => {
                self.resolve_attempt(*attempt_id, *outcome, operator, command)
                    .await?
            }
        };
        reached(OperatorStep::Done).await;
        self.show(rental_id).await
    }
}
