//! Configs: the numbers by which the whole system runs.

use crate::call::{ExternalError, System};
use domain::Amount;
use reqwest::Client;
use runtime::env::{Env, EnvError};
use serde::Deserialize;

/// The client of the configs system.
#[derive(Clone, Debug)]
pub struct ConfigsClient {
    system: System,
    defaults: Configs,
}

/// The configs, known to make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Configs {
    /// The total at which the power bank is the user's; more than zero.
    #[serde(rename = "R_BUYOUT")]
    pub buyout: Amount,
    /// How often billing works, and the grid that it works on; more than zero.
    #[serde(rename = "BILLING_TICK_SEC")]
    pub billing_tick_sec: u32,
    /// The most that one collection of a debt asks for; more than zero.
    #[serde(rename = "DEBT_CHARGE_STEP")]
    pub debt_charge_step: Amount,
}

impl Configs {
    const fn makes_sense(&self) -> bool {
        !self.buyout.is_zero() && self.billing_tick_sec > 0 && !self.debt_charge_step.is_zero()
    }
}

impl ConfigsClient {
    /// The client of the system at `CONFIGS_URL`. `R_BUYOUT`, `BILLING_TICK_SEC` and
    /// `DEBT_CHARGE_STEP` of the environment are what counts while it is away.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or malformed.
    pub fn from_env(env: &Env, http: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            system: System::from_env(env, http, "CONFIGS_URL")?,
            defaults: Configs::defaults_from_env(env)?,
        })
    }

    /// The configs; the defaults when they cannot be had or make no sense.
    pub async fn configs_or_defaults(&self) -> Configs {
        let read = self
            .system
            .read::<Configs>("/configs", &[])
            .await
            .and_then(|configs| {
                let nonsense = || ExternalError::Unavailable(format!("{configs:?} makes no sense"));
                configs
                    .makes_sense()
                    .then_some(configs)
                    .ok_or_else(nonsense)
            });
        read.unwrap_or_else(|error| {
            tracing::warn!(%error, defaults = ?self.defaults, "the configs' defaults count");
            self.defaults
        })
    }
}

impl Configs {
    /// The defaults of the environment: the source of last resort.
    ///
    /// # Errors
    /// [`EnvError`] when one of them is malformed.
    fn defaults_from_env(env: &Env) -> Result<Self, EnvError> {
        let amount = |name, default: i64| -> Result<Amount, EnvError> {
            let units = env.or(name, default)?;
            Amount::new(units).map_err(|why| invalid(name, units, &why))
        };
        let defaults = Self {
            buyout: amount("R_BUYOUT", 5_000)?,
            billing_tick_sec: env.or("BILLING_TICK_SEC", 30)?,
            debt_charge_step: amount("DEBT_CHARGE_STEP", 100)?,
        };
        if !defaults.makes_sense() {
            let all = "R_BUYOUT, BILLING_TICK_SEC or DEBT_CHARGE_STEP";
            return Err(invalid(all, 0, &"it must be more than zero"));
        }
        Ok(defaults)
    }
}

fn invalid(name: &'static str, value: i64, why: &impl ToString) -> EnvError {
    EnvError::Invalid {
        name,
        value: value.to_string(),
        why: why.to_string(),
    }
}
