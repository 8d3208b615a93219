//! Tariffs: what a power bank costs.

use crate::call::{ExternalError, System};
use domain::{Amount, TariffId};
use reqwest::Client;
use runtime::env::{Env, EnvError};
use serde::Deserialize;

/// The client of the tariffs system.
#[derive(Clone, Debug)]
pub struct TariffsClient {
    system: System,
}

/// A tariff as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Tariff {
    /// Whole currency units per hour.
    pub price_per_hour: Amount,
    /// Minutes that cost nothing.
    pub free_period_min: i32,
    /// What is held while the rental runs.
    pub deposit: Amount,
}

impl TariffsClient {
    /// The client of the system at `TARIFFS_URL`.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or malformed.
    pub fn from_env(env: &Env, http: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            system: System::from_env(env, http, "TARIFFS_URL")?,
        })
    }

    /// What is known of a tariff.
    ///
    /// # Errors
    /// [`ExternalError`].
    pub async fn tariff(&self, tariff_id: &TariffId) -> Result<Tariff, ExternalError> {
        self.system
            .read("/tariff", &[("id", tariff_id.as_str())])
            .await
    }

    /// Whether the system answers at all.
    pub async fn answers(&self) -> bool {
        self.system.answers("/tariff", &[("id", "health")]).await
    }
}
