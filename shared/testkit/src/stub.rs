//! The outside systems of one test, and what a test asks of them.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use stubs::{Settings, Stubs};
use tempfile::TempDir;

/// Stubs on a free port, with a store of their own.
pub struct Stub {
    server: Stubs,
    admin: reqwest::Client,
    _store: TempDir,
}

impl Stub {
    /// Fresh stubs.
    ///
    /// # Errors
    /// When they do not start.
    pub async fn start() -> Result<Self> {
        let store = tempfile::tempdir()?;
        let settings = Settings::on_free_port(store.path().join("stubs.redb"));
        let server = Stubs::start(&settings)
            .await
            .context("the stubs do not start")?;
        let admin = runtime::http_client()?;
        Ok(Self {
            server,
            admin,
            _store: store,
        })
    }

    /// Where they answer.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// GETs JSON of a path below the stubs' URL.
    ///
    /// # Errors
    /// When the answer is not 2xx JSON.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let response = self
            .admin
            .get(format!("{}{path}", self.url()))
            .send()
            .await?;
        Ok(response.error_for_status()?.json().await?)
    }

    /// PUTs JSON to a path below the stubs' URL.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn put(&self, path: &str, body: Value) -> Result<()> {
        let request = self.admin.put(format!("{}{path}", self.url())).json(&body);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Asks for an effect as a function would, under a key that is in no book of ours.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn act(&self, path: &str, body: Value) -> Result<()> {
        let request = self.admin.post(format!("{}{path}", self.url())).json(&body);
        let request = request.header("Idempotency-Key", crate::fresh_key());
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Adds a fault: `endpoint`, `mode` (`fail`, `hang`, `stall`, `late`, `garbage`, `refuse`,
    /// `lose`, `defer`) and what belongs to it.
    ///
    /// # Errors
    /// When the stubs refuse it.
    pub async fn fault(&self, fault: Value) -> Result<()> {
        let request = self
            .admin
            .post(format!("{}/admin/faults", self.url()))
            .json(&fault);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn heal(&self) -> Result<()> {
        let request = self.admin.delete(format!("{}/admin/faults", self.url()));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Sets how far the stubs' clock is ahead of the real time.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn set_clock(&self, ahead_sec: i64) -> Result<()> {
        self.put("/admin/clock", json!({ "offset_sec": ahead_sec }))
            .await
    }

    /// Stops the stubs' clock at a moment, until it is set again.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn stop_clock_at(&self, moment: DateTime<Utc>) -> Result<()> {
        self.put("/admin/clock", json!({ "stopped_at": moment.to_rfc3339() }))
            .await
    }

    /// Lets requests arrive that were deferred by a fault.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn late_requests_arrive(&self) -> Result<()> {
        let url = format!("{}/admin/faults/deferred", self.url());
        self.admin.post(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// What the provider did for an order.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn ledger(&self, order_id: &str) -> Result<Value> {
        self.get(&format!("/admin/ledger?order_id={order_id}"))
            .await
    }

    /// The provider's ledger, for an audit.
    #[must_use]
    pub fn audited_ledger(&self) -> audit::Ledger {
        audit::Ledger::new(self.admin.clone(), self.url())
    }

    /// Sets a user's balance.
    ///
    /// # Errors
    /// When the stubs refuse it.
    pub async fn set_balance(&self, user_id: &str, balance: i64) -> Result<()> {
        self.put(
            &format!("/admin/accounts/{user_id}"),
            json!({ "balance": balance }),
        )
        .await
    }

    /// The calls that came to an endpoint (its path without the slash).
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn calls(&self, endpoint: &str) -> Result<Vec<Value>> {
        let answer = self
            .get(&format!("/admin/calls?endpoint={endpoint}"))
            .await?;
        Ok(answer
            .get("calls")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }

    /// Every power bank that was ejected.
    ///
    /// # Errors
    /// When the stubs do not answer.
    pub async fn ejects(&self) -> Result<Vec<Value>> {
        let answer = self.get("/admin/ejects").await?;
        Ok(answer
            .get("ejects")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }
}
