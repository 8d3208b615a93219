//! What a rental is and costs at this moment. An ACTIVE rental past its buyout is BUYOUT for every
//! reader, whether or not anybody has written that down.

use db::Database;
use domain::{Amount, Moment, PowerbankId, RentalId, RentalStatus};
use lambda_http::Request;
use runtime::StartError;
use runtime::api::{ApiError, Reply};
use runtime::env::Env;
use serde::Serialize;
use std::time::Duration;

/// Longer than this nobody waits for the debt: it is then unknown.
const DEBT_TIMEOUT: Duration = Duration::from_secs(2);

/// Shows rentals.
#[derive(Debug)]
pub struct Statuses {
    rentals: Database,
    billing: Database,
}

#[derive(Serialize)]
struct StatusResponse {
    rental_id: RentalId,
    status: RentalStatus,
    powerbank_id: PowerbankId,
    started_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Moment>,
    total_amount: Amount,
    /// Null while db-billing is away.
    current_debt: Option<Amount>,
    duration_minutes: i64,
}

impl Statuses {
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

    /// Answers one request.
    ///
    /// # Errors
    /// [`ApiError`]: 404 for a rental that is unknown or has not started, 503.
    pub async fn handle(&self, request: &Request) -> Result<Reply, ApiError> {
        let not_found = || ApiError::NotFound("Rental");
        let rental_id: RentalId = runtime::http::path_parameter(request, "rental_id")?
            .parse()
            .map_err(|_| not_found())?;
        let (rental, current_debt) = tokio::join!(
            self.rentals.statement("status_rental", async |connection| {
                db_rental::find_started(connection, rental_id).await
            }),
            self.current_debt(rental_id),
        );
        let rental = rental?.ok_or_else(not_found)?;
        let view = match rental.end {
            Some(end) => rental.running.view_ended(end),
            None => rental.running.view_at(rental.now),
        };
        Reply::ok(&StatusResponse {
            rental_id,
            status: view.status,
            powerbank_id: rental.powerbank_id,
            started_at: rental.running.started_at,
            finished_at: view.finished_at,
            total_amount: view.total_amount,
            current_debt,
            duration_minutes: view.duration_minutes,
        })
    }

    async fn current_debt(&self, rental_id: RentalId) -> Option<Amount> {
        let read = self.billing.statement("status_debt", async |connection| {
            db_billing::current_debt(connection, rental_id).await
        });
        match tokio::time::timeout(DEBT_TIMEOUT, read).await {
            Ok(Ok(debt)) => Some(debt),
            Ok(Err(error)) => {
                tracing::warn!(%rental_id, %error, "the debt is unknown");
                None
            }
            Err(_) => {
                tracing::warn!(%rental_id, "the debt is unknown: db-billing is slow");
                None
            }
        }
    }
}
