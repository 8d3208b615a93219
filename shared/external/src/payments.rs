//! Payments: the deposit's hold and its release, and clears.

use crate::call::System;
use domain::{Amount, Intent, Outcome, RentalId, UserId};
use reqwest::{Client, StatusCode};
use runtime::env::{Env, EnvError};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

const MONEY_TIMEOUT: Duration = Duration::from_secs(3);

/// The client of the payment provider.
#[derive(Clone, Debug)]
pub struct PaymentsClient {
    system: System,
}

#[derive(Serialize)]
struct MoneyBody<'a> {
    user_id: &'a UserId,
    order_id: RentalId,
    amount: Amount,
}

#[derive(Serialize)]
struct ReleaseBody<'a> {
    user_id: &'a UserId,
    order_id: RentalId,
}

impl PaymentsClient {
    /// The client of the system at `PAYMENTS_URL`.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or malformed.
    pub fn from_env(env: &Env, http: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            system: System::from_env(env, http, "PAYMENTS_URL")?,
        })
    }

    /// Holds a deposit, or asks what became of a hold.
    pub async fn hold(
        &self,
        intent: Intent,
        user_id: &UserId,
        order_id: RentalId,
        amount: Amount,
    ) -> Outcome {
        self.move_money("/hold-money-for-order", intent, user_id, order_id, amount)
            .await
    }

    /// Takes money, from the order's hold first, or asks what became of a clear.
    pub async fn clear(
        &self,
        intent: Intent,
        user_id: &UserId,
        order_id: RentalId,
        amount: Amount,
    ) -> Outcome {
        self.move_money("/clear-money-for-order", intent, user_id, order_id, amount)
            .await
    }

    /// Gives back what is left of an order's hold, or asks what became of a release.
    pub async fn release(&self, intent: Intent, user_id: &UserId, order_id: RentalId) -> Outcome {
        let body = ReleaseBody { user_id, order_id };
        self.act("/release-money-for-order", intent, &body).await
    }

    /// Whether the provider answers at all, to a GET that moves nothing.
    pub async fn answers(&self) -> bool {
        self.system.answers("/hold-money-for-order", &[]).await
    }

    async fn move_money(
        &self,
        path: &str,
        intent: Intent,
        user_id: &UserId,
        order_id: RentalId,
        amount: Amount,
    ) -> Outcome {
        self.act(
            path,
            intent,
            &MoneyBody {
                user_id,
                order_id,
                amount,
            },
        )
        .await
    }

    async fn act(&self, path: &str, intent: Intent, body: &impl Serialize) -> Outcome {
        self.system
            .act(MONEY_TIMEOUT, path, intent, body)
            .await
            .map_or(Outcome::Unknown, |(status, answer)| {
                outcome(status, &answer)
            })
    }
}

/// Succeeded is 200 with `success`, declined is 400 with `error`, expired is 410 with `error`;
/// everything else is unknown.
fn outcome(http_status: StatusCode, answer: &Value) -> Outcome {
    match (http_status, answer.get("status").and_then(Value::as_str)) {
        (StatusCode::OK, Some("success")) => Outcome::Succeeded,
        (StatusCode::BAD_REQUEST, Some("error")) => Outcome::Declined,
        (StatusCode::GONE, Some("error")) => Outcome::Expired,
        _ => Outcome::Unknown,
    }
}
