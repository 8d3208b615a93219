//! How the system is: each part is asked something harmless, all at once, and none for long.

use db::Database;
use external::{PaymentsClient, StationsClient, TariffsClient, UsersClient};
use runtime::StartError;
use runtime::api::{ApiError, Reply};
use runtime::env::Env;
use serde::Serialize;
use std::time::Duration;

/// The whole answer comes within 2 s, whatever hangs.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Tells how the system is.
#[derive(Debug)]
pub struct Health {
    rentals: Database,
    billing: Database,
    stations: StationsClient,
    tariffs: TariffsClient,
    users: UsersClient,
    payments: PaymentsClient,
}

/// What users can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// Everything works.
    Healthy,
    /// Something is away that users can do without.
    Degraded,
    /// Nobody can rent: db-rental or the stations are away.
    Unhealthy,
}

#[derive(Serialize)]
struct HealthResponse {
    status: Status,
    database: &'static str,
    external_services: ExternalServices,
}

#[derive(Serialize)]
struct ExternalServices {
    stations: &'static str,
    tariffs: &'static str,
    users: &'static str,
    payments: &'static str,
}

impl Health {
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
            tariffs: TariffsClient::from_env(env, &http)?,
            users: UsersClient::from_env(env, &http)?,
            payments: PaymentsClient::from_env(env, &http)?,
        })
    }

    /// Answers one request: 200, or 503 when nobody can rent.
    ///
    /// # Errors
    /// [`ApiError::Bug`] only.
    pub async fn handle(&self) -> Result<Reply, ApiError> {
        let (rentals, billing, stations, tariffs, users, payments) = tokio::join!(
            self.rentals.is_connected(PROBE_TIMEOUT),
            self.billing.is_connected(PROBE_TIMEOUT),
            within(self.stations.answers()),
            within(self.tariffs.answers()),
            within(self.users.answers()),
            within(self.payments.answers()),
        );
        let status = if !(rentals && stations) {
            Status::Unhealthy
        } else if billing && tariffs && users && payments {
            Status::Healthy
        } else {
            Status::Degraded
        };
        let database = if rentals && billing {
            "connected"
        } else {
            "disconnected"
        };
        let external_services = ExternalServices {
            stations: available(stations),
            tariffs: available(tariffs),
            users: available(users),
            payments: available(payments),
        };
        let http_status = if status == Status::Unhealthy {
            503
        } else {
            200
        };
        Reply::with_status(
            http_status,
            &HealthResponse {
                status,
                database,
                external_services,
            },
        )
    }
}

async fn within(probe: impl Future<Output = bool>) -> bool {
    tokio::time::timeout(PROBE_TIMEOUT, probe)
        .await
        .unwrap_or(false)
}

const fn available(answers: bool) -> &'static str {
    if answers { "available" } else { "unavailable" }
}
