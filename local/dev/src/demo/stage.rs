//! What a demo plays against: the API and the stubs of a running stack.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::check;
use crate::events;
use crate::http::{Answer, Server};
use crate::settings::Doors;

/// How long one answer may take: as long as a function may run.
const PATIENCE: Duration = Duration::from_secs(30);

/// The doors of a running stack.
pub struct Stage {
    /// The API, and the functions' invocations.
    pub(super) api: Server,
    /// external-stubs.
    pub(super) stubs: Server,
}

impl Stage {
    /// At these doors; nothing is asked yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn at(doors: &Doors) -> Result<Self> {
        Ok(Self {
            api: Server::new(doors.api(), PATIENCE)?,
            stubs: Server::new(doors.stubs(), PATIENCE)?,
        })
    }

    /// Demands that a stack runs there.
    ///
    /// # Errors
    /// A sentence that says how to start one.
    pub async fn demand_that_it_runs(&self) -> Result<()> {
        for (server, path) in [(&self.api, "/api/v1/health"), (&self.stubs, "/configs")] {
            if server.get(path).await.is_err() {
                bail!(
                    "nothing answers on {}: start it with `make run`",
                    server.base()
                );
            }
        }
        Ok(())
    }

    /// What `GET /api/v1/rentals/{id}` shows of a rental.
    ///
    /// # Errors
    /// When it is not 200.
    pub async fn status_of(&self, rental_id: &str) -> Result<Value> {
        let answer = self
            .api
            .get(&format!("/api/v1/rentals/{rental_id}"))
            .await?;
        check::status("status", &answer, 200)?;
        answer.json()
    }

    /// Everything that the system knows of a rental.
    pub(super) async fn known_of(&self, rental_id: &str) -> Result<Value> {
        let answer = self.invoke("operator", &events::show(rental_id)).await?;
        answer.json()
    }

    /// Invokes a scheduled function now.
    pub(super) async fn fire(&self, function: &str) -> Result<Answer> {
        self.invoke(function, &events::scheduled(function)).await
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Answer> {
        let answer = self.api.invoke(function, event).await?;
        check::status(function, &answer, 200)?;
        Ok(answer)
    }

    /// Seconds between two ticks, as the stack was told.
    pub(super) async fn tick_sec(&self) -> Result<u64> {
        let configs = self.stubs.get("/configs").await?.json()?;
        match configs.get("BILLING_TICK_SEC").and_then(Value::as_u64) {
            Some(seconds) => Ok(seconds),
            None => bail!("configs: BILLING_TICK_SEC: expected a number, got {configs}"),
        }
    }
}
