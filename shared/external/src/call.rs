//! What all clients share: reading with a bound, and calling with a key and an expiry.

use chrono::SecondsFormat;
use domain::Intent;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use runtime::env::{Env, EnvError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Reading calls are quick, or the system counts as away.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a reading call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalError {
    /// The system answered that it knows no such thing.
    #[error("not found")]
    NotFound,
    /// It did not answer, or not with what was asked.
    #[error("{0}")]
    Unavailable(String),
}

/// One outside system.
#[derive(Clone, Debug)]
pub(crate) struct System {
    http: Client,
    base_url: Url,
}

impl System {
    /// The system at the URL that the environment's `variable` holds.
    pub(crate) fn from_env(
        env: &Env,
        http: &Client,
        variable: &'static str,
    ) -> Result<Self, EnvError> {
        Ok(Self {
            http: http.clone(),
            base_url: env.required(variable, "the base URL of an outside system")?,
        })
    }

    fn url(&self, path: &str) -> Url {
        // Not from text: to parse a URL takes longer than anything else before a request.
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        url
    }

    /// GETs JSON.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ExternalError> {
        let unavailable = |why: String| ExternalError::Unavailable(format!("GET {path}: {why}"));
        let response = self
            .get(path, query)
            .send()
            .await
            .map_err(|error| unavailable(chain(&error)))?;
        match response.status() {
            StatusCode::OK => response
                .json()
                .await
                .map_err(|error| unavailable(chain(&error))),
            StatusCode::NOT_FOUND => Err(ExternalError::NotFound),
            status => Err(unavailable(format!("status {status}"))),
        }
    }

    /// Whether the system answers a harmless request at all.
    pub(crate) async fn answers(&self, path: &str, query: &[(&str, &str)]) -> bool {
        self.get(path, query).send().await.is_ok()
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        self.http
            .get(self.url(path))
            .query(query)
            .timeout(READ_TIMEOUT)
    }

    /// POSTs JSON under an intent; what the answer means is for the caller to say. None when
    /// there was no whole answer within `timeout`.
    pub(crate) async fn act(
        &self,
        timeout: Duration,
        path: &str,
        intent: Intent,
        body: &impl Serialize,
    ) -> Option<(StatusCode, serde_json::Value)> {
        let sent = self
            .http
            .post(self.url(path))
            .timeout(timeout)
            .header("Idempotency-Key", intent.id.to_string())
            .header(
                "Request-Expires-At",
                intent
                    .expires_at
                    .to_rfc3339_opts(SecondsFormat::Micros, true),
            )
            .json(body)
            .send()
            .await;
        match whole(sent).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(path, key = %intent.id, error = chain(&error), "outcome unknown");
                None
            }
        }
    }
}

async fn whole(
    sent: Result<Response, reqwest::Error>,
) -> Result<(StatusCode, serde_json::Value), reqwest::Error> {
    let response = sent?;
    let status = response.status();
    Ok((status, response.json().await?))
}

/// The error with all its causes: reqwest's own text leaves them out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
