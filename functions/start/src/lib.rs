//! The start of a rental: intent, call, outcome, first for the deposit, then for the power bank.
//!
//! | committed | then called | then committed |
//! |---|---|---|
//! | PENDING, the hold's intent, the idempotency key | hold | its outcome and the eject's intent |
//! | | eject | ACTIVE or FAILED, the answer, the outbox row |
//!
//! A process that dies in between leaves a lease; when that has run out, the client's retry goes
//! on from what is committed, and so does `reconcile` through [`record_eject`] and [`roll_back`].

mod begin;
mod deposit;
mod eject;
mod release;
mod steps;

pub use eject::{record_eject, roll_back};
pub use release::release_hold;
pub use steps::StartStep;

use begin::Begun;
use db::Database;
use db_rental::{Lease, Rental};
use domain::IdempotencyKey;
use external::{PaymentsClient, StationsClient};
use lambda_http::Request;
use runtime::StartError;
use runtime::api::ApiError;
use runtime::env::Env;
use runtime::http::Served;
use serde::{Deserialize, Serialize};

/// Starts rentals.
#[derive(Debug)]
pub struct Starts {
    rentals: Database,
    billing: Database,
    stations: StationsClient,
    payments: PaymentsClient,
}

#[derive(Debug, Deserialize, Serialize)]
struct StartRequest {
    quote_id: String,
}

impl Starts {
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

    /// Answers one request.
    ///
    /// # Errors
    /// [`ApiError`]: what is not stored under the key (400, 404, 409 in flight or used, 422, 503).
    pub async fn handle(&self, request: &Request) -> Result<Served, ApiError> {
        let key = runtime::http::header(request, "Idempotency-Key")?;
        let key = IdempotencyKey::parse(key).map_err(ApiError::bad_request)?;
        let body: StartRequest = runtime::http::json_body(request)?;
        match self.begin(&key, &body).await? {
            Begun::Answered(reply) => Ok(reply.into()),
            Begun::Pending(rental, lease) => match self.go_on(*rental, lease).await {
                Ok(served) => Ok(served),
                // Somebody took over, and may have come to the end meanwhile.
                Err(ApiError::InFlight) => Ok(self.answer_of_another(&key).await?.into()),
                Err(error) => {
                    self.park(lease).await;
                    Err(error)
                }
            },
        }
    }

    /// From what is committed to the end.
    async fn go_on(&self, rental: Rental, lease: Lease) -> Result<Served, ApiError> {
        if rental.eject.is_some() {
            return self.eject(rental, lease).await;
        }
        match self.secure_deposit(rental, lease).await? {
            Ok(rental) => self.eject(rental, lease).await,
            Err(refused) => Ok(refused.into()),
        }
    }

    /// The client may try again at once; nobody else before the lease has run out.
    pub(crate) async fn park(&self, lease: Lease) {
        let parked = self
            .rentals
            .statement("park_start", async |c| db_rental::park(c, lease).await)
            .await;
        if let Err(error) = parked {
            tracing::warn!(rental_id = %lease.rental_id, %error, "the lease has to run out");
        }
    }
}
