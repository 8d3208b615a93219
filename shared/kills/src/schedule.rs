//! Who invokes the functions that no client does: the schedule, too often and overlapping, and
//! those who look whether the system is well.

use crate::request::AddOne;
use crate::stage::Stage;
use anyhow::Result;
use serde_json::Value;
use std::sync::Arc;
use testkit::{InvokeError, scheduled_event};
use tokio::task::JoinSet;

/// More invocations of a function do not wait at once.
const MOST_AT_ONCE: usize = 8;

impl Stage {
    /// Fires 2 to 4 ticks at once, again and again.
    pub(crate) async fn fire_ticks(self: Arc<Self>) -> Result<()> {
        self.fire("billing-tick", 2..5, 150..500).await
    }

    /// Fires 1 or 2 reconciles at once, again and again.
    pub(crate) async fn fire_reconciles(self: Arc<Self>) -> Result<()> {
        self.fire("reconcile", 1..3, 100..400).await
    }

    async fn fire(
        self: Arc<Self>,
        function: &'static str,
        at_once: std::ops::Range<u64>,
        pause_ms: std::ops::Range<u64>,
    ) -> Result<()> {
        let mut dice = self.dice(function);
        let mut running = JoinSet::new();
        while self.pause(dice.millis(pause_ms.clone())).await {
            while running.try_join_next().is_some() {}
            if running.len() >= MOST_AT_ONCE {
                continue;
            }
            for _ in 0..dice.number(at_once.clone()) {
                let stage = Arc::clone(&self);
                running.spawn(async move { stage.invoke(function, scheduled_event()).await });
            }
        }
        running.join_all().await;
        Ok(())
    }

    /// Asks for the system's health, again and again.
    pub(crate) async fn look_after_it(&self) -> Result<()> {
        let mut dice = self.dice("health");
        while self.pause(dice.millis(30..250)).await {
            self.health().await;
        }
        Ok(())
    }

    /// Invokes a function with an event. None when its process died.
    pub(crate) async fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Option<Result<Value, String>> {
        let answer = self.world.lambda.invoke(function, event).await;
        let mut tally = self.tally();
        tally.requests.add_one();
        match answer {
            Ok(answer) => Some(Ok(answer)),
            Err(InvokeError::Died(_)) => {
                tally.unanswered.add_one();
                None
            }
            Err(InvokeError::Failed(error)) => {
                tracing::warn!(function, %error, "an invocation failed");
                Some(Err(error.to_string()))
            }
        }
    }
}
