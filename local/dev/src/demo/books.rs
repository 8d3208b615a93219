//! The system's books on one rental, looked at while ticks are fired.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::show;
use super::stage::Stage;
use crate::http::Answer;
use crate::output::Output;
use crate::scheduler::what_was_done;

/// How often the books are looked at while a tick is waited for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The books of the system, looked at while ticks are fired.
pub(super) struct Books<'a> {
    stage: &'a Stage,
    output: &'a Output,
    patience: Duration,
}

impl<'a> Books<'a> {
    /// Asks the stack how often it ticks: three ticks are waited for, and what
    /// they take.
    pub(super) async fn new(stage: &'a Stage, output: &'a Output) -> Result<Self> {
        let seconds = stage.tick_sec().await?.saturating_mul(3).saturating_add(15);
        Ok(Self {
            stage,
            output,
            patience: Duration::from_secs(seconds),
        })
    }

    /// Fires ticks until more than `before` is paid; the new sum.
    pub(super) async fn wait_for_payment(&self, rental_id: &str, before: i64) -> Result<i64> {
        let mut paid = before;
        self.tick_until(rental_id, &["billing-tick"], "the next payment", |known| {
            paid = known
                .pointer("/billing/paid")
                .and_then(Value::as_i64)
                .unwrap_or(0);
            if paid > before {
                Ok(())
            } else {
                Err(format!(
                    "billing.paid: expected more than {before}, got {paid}"
                ))
            }
        })
        .await?;
        show::holds(self.output, &format!("paid so far: {paid}"));
        Ok(paid)
    }

    /// Fires ticks and reconciliations until the rental's books are closed.
    pub(super) async fn wait_until_closed(&self, rental_id: &str, total: i64) -> Result<()> {
        let functions = ["billing-tick", "reconcile"];
        self.tick_until(rental_id, &functions, "the books to be closed", |known| {
            still_open(known, total).map_or(Ok(()), Err)
        })
        .await?;
        show::holds(
            self.output,
            &format!("paid: {total}; no attempt is open, no debt is left, the hold is released"),
        );
        Ok(())
    }

    async fn tick_until(
        &self,
        rental_id: &str,
        functions: &[&str],
        waiting_for: &str,
        mut reached: impl FnMut(&Value) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let began = Instant::now();
        let waiting = self.output.step(format!("waiting for {waiting_for}"));
        let mut shown: Vec<Option<Answer>> = vec![None; functions.len()];
        loop {
            for (function, shown) in functions.iter().zip(&mut shown) {
                let answer = self.stage.fire(function).await?;
                let did_something = what_was_done(answer.json()?).is_some();
                if did_something || shown.is_none() {
                    *shown = Some(answer);
                }
            }
            let known = self.stage.known_of(rental_id).await?;
            let Err(missing) = reached(&known) else {
                drop(waiting);
                for (function, answer) in functions.iter().zip(shown.into_iter().flatten()) {
                    show::request(self.output, "INVOKE", function, &[], None);
                    show::answer(self.output, &answer);
                    if what_was_done(answer.json()?).is_none() {
                        show::note(self.output, "the scheduler had just done all of it");
                    }
                }
                return Ok(());
            };
            if began.elapsed() > self.patience {
                bail!("after {:?}: {missing}", self.patience);
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

/// What keeps a rental's books from being closed.
fn still_open(known: &Value, total: i64) -> Option<String> {
    let number = |pointer| known.pointer(pointer).and_then(Value::as_i64);
    let paid = number("/billing/paid").unwrap_or(0);
    let debt = number("/billing/debt").unwrap_or(0);
    let hold = known.pointer("/rental/hold/status").and_then(Value::as_str);
    let open = known
        .get("payment_attempts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|attempt| attempt.get("status").and_then(Value::as_str) == Some("OPEN"))
        .count();
    if paid != total {
        Some(format!("billing.paid: expected {total}, got {paid}"))
    } else if open > 0 {
        Some(format!("payment_attempts: expected none OPEN, got {open}"))
    } else if debt != 0 {
        Some(format!("billing.debt: expected 0, got {debt}"))
    } else if hold != Some("RELEASED") {
        Some(format!(
            "rental.hold.status: expected RELEASED, got {}",
            hold.unwrap_or("nothing")
        ))
    } else {
        None
    }
}
