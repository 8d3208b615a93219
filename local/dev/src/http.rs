//! Talking to a running stack over HTTP.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, Method};
use serde_json::Value;

/// An answer, in full.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, byte for byte.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.bytes)
            .with_context(|| format!("answered {}, and not in JSON: {}", self.status, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }
}

/// One HTTP server.
#[derive(Clone, Debug)]
pub struct Server {
    base: String,
    client: Client,
    patience: Duration,
}

impl Server {
    /// A server at this address; `patience` bounds each request.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: impl Into<String>, patience: Duration) -> Result<Self> {
        Ok(Self {
            base: base.into(),
            client: runtime::http_client().context("no HTTP client")?,
            patience,
        })
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .client
            .request(method.clone(), &url)
            .timeout(self.patience);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let asked = || format!("{method} {url} got no answer");
        let response = request.send().await.with_context(asked)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.with_context(asked)?.to_vec();
        Ok(Answer { status, bytes })
    }

    /// Reads a path.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], None).await
    }

    /// Invokes a function directly, as the Lambda service would.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Answer> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        self.send(Method::POST, &path, &[], Some(event)).await
    }
}
