//! HTTP requests as API Gateway hands them to a function, and its answers.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A request to the API.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// GET or POST.
    pub method: &'a str,
    /// With its parameters filled in.
    pub path: &'a str,
    /// Names and values.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: Option<String>,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// The body, byte for byte.
    pub body: String,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{:?} is no JSON: {error}", self.body))
    }

    /// The text of `{"error": …}`.
    ///
    /// # Panics
    /// When the body has another shape.
    #[must_use]
    pub fn error(&self) -> String {
        let body = self.json();
        let object = body.as_object().filter(|object| object.len() == 1);
        let error = object
            .and_then(|object| object.get("error"))
            .and_then(Value::as_str);
        error
            .unwrap_or_else(|| panic!("{} is no error", self.body))
            .to_owned()
    }
}

impl Request<'_> {
    /// The function that serves the path, as the root `Cargo.toml` routes it for
    /// `cargo lambda watch`.
    ///
    /// # Panics
    /// When no function serves it.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match (self.method, self.path) {
            ("POST", "/api/v1/rentals/quote") => "quote",
            ("POST", "/api/v1/rentals/start") => "start",
            ("POST", "/api/v1/rentals/stop") => "stop",
            ("GET", "/api/v1/health") => "health",
            ("GET", path) if path.starts_with("/api/v1/rentals/") => "status",
            _ => panic!("no function serves {} {}", self.method, self.path),
        }
    }

    /// The event of an HTTP API, payload format 2.0.
    #[must_use]
    pub fn event(&self) -> Value {
        let headers: HashMap<_, _> = self.headers.iter().copied().collect();
        let path_parameters = match self.function() {
            "status" => json!({ "rental_id": self.path.rsplit('/').next() }),
            _ => json!({}),
        };
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": "",
            "headers": headers,
            "pathParameters": path_parameters,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "testkit",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "testkit",
                },
                "requestId": runtime::fresh_id(),
                "routeKey": "$default",
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": 1_767_225_600_000_i64,
            },
            "body": self.body,
            "isBase64Encoded": false,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayResponse {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<String>,
}

/// Reads a function's answer as API Gateway would.
///
/// # Errors
/// When it is no gateway response.
pub fn response(answer: Value) -> Result<Response> {
    let text = answer.to_string();
    let response: GatewayResponse =
        serde_json::from_value(answer).with_context(|| format!("no gateway response: {text}"))?;
    Ok(Response {
        status: response.status_code,
        headers: response
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect(),
        body: response.body.unwrap_or_default(),
    })
}
