//! Stations: what stands where, and the power banks in them.

use crate::call::{ExternalError, System};
use domain::{EjectOutcome, Intent, PowerbankId, StationId, TariffId};
use reqwest::{Client, StatusCode};
use runtime::env::{Env, EnvError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A slot's motor takes its time.
const EJECT_TIMEOUT: Duration = Duration::from_secs(8);

/// The client of the stations system.
#[derive(Clone, Debug)]
pub struct StationsClient {
    system: System,
}

/// A station, as far as a rental needs it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Station {
    /// What a power bank costs here.
    pub tariff_id: TariffId,
    /// How many can be ejected.
    pub available_powerbanks: i64,
}

/// What a station did with the report that a power bank came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnOutcome {
    /// It counts the power bank again.
    Returned,
    /// It will never take the report.
    Refused(String),
    /// Anything else: to be reported again.
    Unknown,
}

#[derive(Serialize)]
struct EjectBody<'a> {
    station_id: &'a StationId,
}

#[derive(Serialize)]
struct ReturnBody<'a> {
    station_id: &'a StationId,
    powerbank_id: &'a PowerbankId,
}

#[derive(Deserialize)]
struct Ejected {
    success: bool,
    powerbank_id: Option<PowerbankId>,
}

impl StationsClient {
    /// The client of the system at `STATIONS_URL`.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or malformed.
    pub fn from_env(env: &Env, http: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            system: System::from_env(env, http, "STATIONS_URL")?,
        })
    }

    /// What is known of a station.
    ///
    /// # Errors
    /// [`ExternalError`].
    pub async fn station(&self, station_id: &StationId) -> Result<Station, ExternalError> {
        self.system
            .read("/station-data", &[("id", station_id.as_str())])
            .await
    }

    /// Ejects a power bank, or asks what became of an eject.
    pub async fn eject(&self, intent: Intent, station_id: &StationId) -> EjectOutcome {
        let body = EjectBody { station_id };
        match self
            .system
            .act(EJECT_TIMEOUT, "/eject-powerbank", intent, &body)
            .await
        {
            Some((status, answer)) => eject_outcome(status, answer),
            None => EjectOutcome::Unknown,
        }
    }

    /// Reports that a power bank came back.
    pub async fn return_powerbank(
        &self,
        intent: Intent,
        station_id: &StationId,
        powerbank_id: &PowerbankId,
    ) -> ReturnOutcome {
        let body = ReturnBody {
            station_id,
            powerbank_id,
        };
        match self
            .system
            .act(EJECT_TIMEOUT, "/return-powerbank", intent, &body)
            .await
        {
            Some((StatusCode::OK, answer)) if answer.get("status") == Some(&"success".into()) => {
                ReturnOutcome::Returned
            }
            Some((StatusCode::NOT_FOUND | StatusCode::GONE, answer)) => {
                ReturnOutcome::Refused(answer.to_string())
            }
            _ => ReturnOutcome::Unknown,
        }
    }

    /// Whether the system answers at all.
    pub async fn answers(&self) -> bool {
        self.system
            .answers("/station-data", &[("id", "health")])
            .await
    }
}

fn eject_outcome(status: StatusCode, answer: Value) -> EjectOutcome {
    let Ok(ejected) = serde_json::from_value::<Ejected>(answer) else {
        return EjectOutcome::Unknown;
    };
    match (status, ejected) {
        (
            StatusCode::OK,
            Ejected {
                success: true,
                powerbank_id: Some(powerbank_id),
            },
        ) => EjectOutcome::Ejected(powerbank_id),
        (StatusCode::OK | StatusCode::NOT_FOUND, Ejected { success: false, .. }) => {
            EjectOutcome::Refused
        }
        (StatusCode::GONE, Ejected { success: false, .. }) => EjectOutcome::Expired,
        _ => EjectOutcome::Unknown,
    }
}
