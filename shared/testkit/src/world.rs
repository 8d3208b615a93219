//! A whole system of its own.

use crate::databases::Databases;
use crate::http::{Request, Response, response};
use crate::lambda::{InvokeError, Lambda, Settings};
use crate::proxy::Proxy;
use crate::stub::Stub;
use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::fs::File;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Two databases, the stubs and the functions.
pub struct World {
    /// For looking into.
    pub databases: Databases,
    /// In front of db-rental.
    pub rental_proxy: Proxy,
    /// In front of db-billing.
    pub billing_proxy: Proxy,
    /// The outside systems.
    pub stub: Stub,
    /// The functions.
    pub lambda: Lambda,
    ahead_sec: AtomicI64,
}

/// A world that is to differ from the usual one.
#[derive(Debug, Default)]
pub struct Builder {
    functions: Settings,
}

impl Builder {
    /// Sets a variable in the functions' environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let env = &mut self.functions.env;
        env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Bounds how many processes of one function there are at once.
    #[must_use]
    pub const fn most_processes(mut self, most: usize) -> Self {
        self.functions.most_processes = most;
        self
    }

    /// Writes what the functions print into a file.
    #[must_use]
    pub fn log(mut self, file: File) -> Self {
        self.functions.log = Some(file);
        self
    }

    /// Makes the world.
    ///
    /// # Errors
    /// When there is no PostgreSQL server, or the stubs do not start.
    pub async fn start(self) -> Result<World> {
        let databases = Databases::create().await?;
        let rental_proxy = Proxy::start(databases.address()).await?;
        let billing_proxy = Proxy::start(databases.address()).await?;
        let stub = Stub::start().await?;
        let [rental_url, billing_url] =
            databases.urls_through(rental_proxy.port(), billing_proxy.port());
        let mut env = vec![
            ("RENTAL_DATABASE_URL".to_owned(), rental_url),
            ("BILLING_DATABASE_URL".to_owned(), billing_url),
        ];
        for system in ["STATIONS", "TARIFFS", "USERS", "CONFIGS", "PAYMENTS"] {
            env.push((format!("{system}_URL"), stub.url()));
        }
        let mut functions = self.functions;
        // What was asked for comes last, and wins.
        functions.env.splice(0..0, env);
        let lambda = Lambda::start(functions).await?;
        let ahead_sec = AtomicI64::new(0);
        Ok(World {
            databases,
            rental_proxy,
            billing_proxy,
            stub,
            lambda,
            ahead_sec,
        })
    }
}

impl World {
    /// The usual world.
    ///
    /// # Panics
    /// When it cannot be made: no test can go on without.
    pub async fn start() -> Self {
        Builder::default()
            .start()
            .await
            .unwrap_or_else(|error| panic!("no world: {error:#}"))
    }

    /// Moves the time of both databases and of the stubs on.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub async fn advance(&self, seconds: i64) -> Result<()> {
        let ahead = self
            .ahead_sec
            .fetch_add(seconds, Ordering::SeqCst)
            .saturating_add(seconds);
        self.databases.set_clocks(ahead, ahead).await?;
        self.stub.set_clock(ahead).await
    }

    /// Stops both databases' clocks at `moment`. [`Self::advance`] lets them run again.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub async fn stand_still_at(&self, moment: DateTime<Utc>) -> Result<()> {
        self.databases.stop_clocks_at(moment, moment).await
    }

    /// Moves the time on like [`Self::advance`], beside flows that are under way: a transaction
    /// keeps the time at which it began.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub async fn leap(&self, seconds: i64) -> Result<()> {
        let from = self.ahead_sec.fetch_add(seconds, Ordering::SeqCst);
        let to = from.saturating_add(seconds);
        self.databases.leap(from, to).await?;
        self.stub.set_clock(to).await
    }

    /// POSTs JSON to the API.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Result<Response> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.send("POST", path, headers, Some(body.to_string()))
            .await
    }

    /// GETs from the API.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn get(&self, path: &str) -> Result<Response> {
        self.send("GET", path, Vec::new(), None).await
    }

    /// Sends any request to the API.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(&str, &str)>,
        body: Option<String>,
    ) -> Result<Response> {
        let request = Request {
            method,
            path,
            headers,
            body,
        };
        response(
            self.lambda
                .invoke(request.function(), request.event())
                .await?,
        )
    }

    /// POSTs to the API; the function's process aborts at `step`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn post_and_abort_at(
        &self,
        step: &str,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<()> {
        let headers = vec![
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let request = Request {
            method: "POST",
            path,
            headers,
            body: Some(body.to_string()),
        };
        self.abort_at(step, request.function(), request.event())
            .await
    }

    /// Invokes a function whose process aborts at `step`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn abort_at(&self, step: &str, function: &str, event: Value) -> Result<()> {
        let env = [("ABORT_AT_STEP", step)];
        let process = self.lambda.process(function, &env)?;
        match process.invoke(event).await {
            Err(InvokeError::Died(_)) => Ok(()),
            Err(error) => bail!("{function} failed before {step}: {error}"),
            // It aborted after its answer.
            Ok(_) if process.id().is_none() => Ok(()),
            Ok(answer) => bail!("{function} never came to {step}: {answer}"),
        }
    }

    /// Asks for a quote.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn quote(&self, user_id: &str, station_id: &str) -> Result<Response> {
        let body = json!({ "user_id": user_id, "station_id": station_id });
        self.post("/api/v1/rentals/quote", None, &body).await
    }

    /// Starts a rental by a quote.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn start_rental(&self, quote_id: &str, key: &str) -> Result<Response> {
        let body = json!({ "quote_id": quote_id });
        self.post("/api/v1/rentals/start", Some(key), &body).await
    }

    /// Stops a rental.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn stop(&self, rental_id: &str, station_id: &str, key: &str) -> Result<Response> {
        let body = json!({ "rental_id": rental_id, "station_id": station_id });
        self.post("/api/v1/rentals/stop", Some(key), &body).await
    }

    /// Asks for a rental's status.
    ///
    /// # Errors
    /// When the function's process dies or fails.
    pub async fn status(&self, rental_id: &str) -> Result<Response> {
        self.get(&format!("/api/v1/rentals/{rental_id}")).await
    }

    /// Runs the billing tick to completion.
    ///
    /// # Errors
    /// When it fails.
    pub async fn tick(&self) -> Result<Value> {
        Ok(self
            .lambda
            .invoke("billing-tick", scheduled_event())
            .await?)
    }

    /// Runs reconcile to completion.
    ///
    /// # Errors
    /// When it fails.
    pub async fn reconcile(&self) -> Result<Value> {
        Ok(self.lambda.invoke("reconcile", scheduled_event()).await?)
    }

    /// Gives an operator's command.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn operator(&self, command: Value) -> Result<Value> {
        Ok(self.lambda.invoke("operator", command).await?)
    }

    /// Everything that is known of a rental.
    ///
    /// # Errors
    /// When it is unknown.
    pub async fn show(&self, rental_id: &str) -> Result<Value> {
        self.operator(json!({ "command": "show", "rental_id": rental_id }))
            .await
    }
}

/// A rental that runs.
#[derive(Clone, Debug)]
pub struct Rented {
    /// `rental-…`.
    pub rental_id: String,
    /// `quote-…`.
    pub quote_id: String,
    /// The start's `Idempotency-Key`.
    pub key: String,
    /// What the start answered.
    pub response: Response,
}

impl World {
    /// Quotes and starts a rental.
    ///
    /// # Panics
    /// When either is refused: the test is about something else.
    pub async fn rent(&self, user_id: &str, station_id: &str) -> Rented {
        let quote_id = self.quoted(user_id, station_id).await;
        let key = crate::fresh_key();
        let response = self
            .start_rental(&quote_id, &key)
            .await
            .unwrap_or_else(|error| panic!("no start: {error:#}"));
        assert_eq!(response.status, 200, "no start: {}", response.body);
        let rental_id = text(&response, "rental_id");
        self.tell_billing(&rental_id).await;
        Rented {
            rental_id,
            quote_id,
            key,
            response,
        }
    }

    /// On a busy machine billing may miss the quarter of a second that a start waits for it, and a
    /// test is not to depend on that. A billing that the test took away stays untold.
    async fn tell_billing(&self, rental_id: &str) {
        let id: Option<Uuid> = rental_id
            .strip_prefix("rental-")
            .and_then(|id| id.parse().ok());
        let told = sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT FROM outbox WHERE rental_id = $1 AND copied_at IS NOT NULL)",
        )
        .bind(id)
        .fetch_one(&self.databases.rental)
        .await
        .unwrap_or_else(|error| panic!("db-rental does not answer the test: {error}"));
        if !told && self.billing_proxy.is_open() {
            self.reconcile()
                .await
                .unwrap_or_else(|error| panic!("no reconcile: {error:#}"));
        }
    }

    /// Quotes, and returns the quote's id.
    ///
    /// # Panics
    /// When the quote is refused: the test is about something else.
    pub async fn quoted(&self, user_id: &str, station_id: &str) -> String {
        let quote = self
            .quote(user_id, station_id)
            .await
            .unwrap_or_else(|error| panic!("no quote: {error:#}"));
        assert_eq!(quote.status, 200, "no quote: {}", quote.body);
        text(&quote, "quote_id")
    }
}

fn text(response: &Response, field: &str) -> String {
    let body = response.json();
    let text = body.get(field).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("{} has no {field}", response.body))
        .to_owned()
}

/// The event by which EventBridge invokes a scheduled function.
#[must_use]
pub fn scheduled_event() -> Value {
    json!({
        "version": "0",
        "id": runtime::fresh_id(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-01-01T00:00:00Z",
        "region": "local",
        "resources": ["arn:aws:events:local:000000000000:rule/billing-tick"],
        "detail": {},
    })
}
