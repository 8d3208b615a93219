//! One rental's life, endpoint by endpoint.

use crate::endpoint::Endpoint;
use crate::stage::{STATION, USER};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{OwnProcess, Request, fresh_key, response};

/// What the next endpoint needs of those before it.
#[derive(Debug, Default)]
pub(crate) struct Life {
    quote_id: String,
    rental_id: String,
}

impl Life {
    /// Sends the next request of this life to a process of `endpoint`.
    pub(crate) async fn go_on(&mut self, endpoint: Endpoint, process: &OwnProcess) -> Result<()> {
        let answer = process.invoke(self.event(endpoint)).await?;
        let answer = response(answer)?;
        ensure!(
            answer.status == 200,
            "{} answers {}: {}",
            endpoint.function(),
            answer.status,
            answer.body
        );
        let body = answer.json();
        let id = |name: &str| {
            let id = body.get(name).and_then(Value::as_str);
            id.map(ToOwned::to_owned)
                .context("an answer without its id")
        };
        match endpoint {
            Endpoint::Quote => self.quote_id = id("quote_id")?,
            Endpoint::Start => self.rental_id = id("rental_id")?,
            Endpoint::Status | Endpoint::Stop | Endpoint::Health => {}
        }
        Ok(())
    }

    fn event(&self, endpoint: Endpoint) -> Value {
        match endpoint {
            Endpoint::Quote => post("quote", &json!({ "user_id": USER, "station_id": STATION })),
            Endpoint::Start => post("start", &json!({ "quote_id": self.quote_id })),
            Endpoint::Stop => post(
                "stop",
                &json!({ "rental_id": self.rental_id, "station_id": STATION }),
            ),
            Endpoint::Status => get(&format!("/api/v1/rentals/{}", self.rental_id)),
            Endpoint::Health => get("/api/v1/health"),
        }
    }
}

fn post(endpoint: &str, body: &Value) -> Value {
    let key = fresh_key();
    let request = Request {
        method: "POST",
        path: &format!("/api/v1/rentals/{endpoint}"),
        headers: vec![
            ("content-type", "application/json"),
            ("idempotency-key", &key),
        ],
        body: Some(body.to_string()),
    };
    request.event()
}

fn get(path: &str) -> Value {
    let request = Request {
        method: "GET",
        path,
        headers: Vec::new(),
        body: None,
    };
    request.event()
}
