//! What a person says, who looks into the books of the provider and of the stations before.

use crate::choice::{pick, rest};
use crate::history::Command;
use crate::stage::Stage;
use anyhow::Result;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) const WHO: &str = "anna";

impl Stage {
    /// The command as JSON; none when there is nothing that it could be about.
    pub(crate) async fn said(&self, command: Command, choice: usize) -> Result<Option<Value>> {
        let (rental, billing) = (&self.databases.rental, &self.databases.billing);
        Ok(match command {
            Command::Show => self.started(choice).await?.map(|rental_id| {
                json!({ "command": "show", "rental_id": rental_id })
            }),
            Command::Worklist => Some(json!({ "command": "worklist" })),
            Command::Requeue => self.meant(billing, SET_ASIDE, choice).await?.map(|rental_id| {
                json!({ "command": "requeue", "rental_id": rental_id, "operator": WHO })
            }),
            Command::Finish(seconds_ago) => self.meant(rental, RUNNING, choice).await?.map(|rental_id| {
                let ago = TimeDelta::try_seconds(seconds_ago).unwrap_or_default();
                let now = self.rental_now();
                json!({
                    "command": "finish",
                    "rental_id": rental_id,
                    "finished_at": now.checked_sub_signed(ago).unwrap_or(now),
                    "operator": WHO,
                    "reason": "the station was away",
                })
            }),
            Command::MarkRefundPaid => {
                let owed = "SELECT refund_id FROM refunds ORDER BY paid_at NULLS FIRST, refund_id";
                let refund_id = one(billing, owed, choice).await?;
                refund_id.map(|refund_id| {
                    json!({ "command": "mark-refund-paid", "refund_id": refund_id, "operator": WHO })
                })
            }
            Command::ResolveAttempt => self.resolve_attempt(choice).await?,
            Command::ResolveEject => self.resolve_eject(choice).await?,
            Command::ResolveHold => self.resolve_hold(choice).await?,
            Command::RetryDebt => {
                let indebted = one_rental(billing, INDEBTED, choice).await?;
                indebted.map(|rental_id| {
                    json!({ "command": "retry-debt", "rental_id": rental_id, "operator": WHO })
                })
            }
            Command::WriteOffDebt => {
                let Some(id) = one(billing, INDEBTED, choice).await? else {
                    return Ok(None);
                };
                let owed: i64 = sqlx::query_scalar("SELECT amount FROM debts WHERE rental_id = $1")
                    .bind(id)
                    .fetch_one(billing)
                    .await?;
                Some(json!({
                    "command": "write-off-debt",
                    "rental_id": format!("rental-{id}"),
                    "amount": owed,
                    "operator": WHO,
                    "reason": "nobody pays",
                }))
            }
            Command::Flagged => {
                let flagged = one_rental(rental, FLAGGED, choice).await?;
                flagged.map(|rental_id| {
                    json!({
                        "command": "finish",
                        "rental_id": rental_id,
                        "finished_at": self.rental_now(),
                        "operator": WHO,
                        "reason": "its power bank was ejected again",
                    })
                })
            }
        })
    }

    async fn resolve_eject(&self, choice: usize) -> Result<Option<Value>> {
        let rental = &self.databases.rental;
        let pending = "SELECT rental_id FROM rentals
                       WHERE status = 'PENDING' AND eject_id IS NOT NULL ORDER BY rental_id";
        let Some(id) = one(rental, pending, choice).await? else {
            return Ok(None);
        };
        let key: Uuid = sqlx::query_scalar("SELECT eject_id FROM rentals WHERE rental_id = $1")
            .bind(id)
            .fetch_one(rental)
            .await?;
        let outcome = match self.ejected_under(key).await? {
            Some(powerbank_id) => json!({ "ejected": { "powerbank_id": powerbank_id } }),
            None => json!("not-ejected"),
        };
        Ok(Some(json!({
            "command": "resolve-eject",
            "rental_id": format!("rental-{id}"),
            "outcome": outcome,
            "operator": WHO,
        })))
    }

    async fn resolve_attempt(&self, choice: usize) -> Result<Option<Value>> {
        let open = "SELECT rental_id, attempt_id FROM payment_attempts WHERE status = 'OPEN'
                    ORDER BY attempt_id";
        let open: Vec<(Uuid, Uuid)> = sqlx::query_as(open)
            .fetch_all(&self.databases.billing)
            .await?;
        let Some((rental_id, attempt_id)) = pick(&open, choice).copied() else {
            return Ok(None);
        };
        let outcome = if self.has_acted_on(attempt_id).await? {
            "succeeded"
        } else {
            "declined"
        };
        Ok(Some(json!({
            "command": "resolve-attempt",
            "rental_id": format!("rental-{rental_id}"),
            "attempt_id": attempt_id,
            "outcome": outcome,
            "operator": WHO,
        })))
    }

    async fn resolve_hold(&self, choice: usize) -> Result<Option<Value>> {
        let rental = &self.databases.rental;
        let unknown = "SELECT rental_id FROM rentals
                       WHERE hold_status = 'REQUESTED' AND status <> 'PENDING' ORDER BY rental_id";
        let Some(id) = one(rental, unknown, choice).await? else {
            return Ok(None);
        };
        let key: Uuid = sqlx::query_scalar("SELECT hold_id FROM rentals WHERE rental_id = $1")
            .bind(id)
            .fetch_one(rental)
            .await?;
        let outcome = if self.has_acted_on(key).await? {
            "held"
        } else {
            "not-held"
        };
        Ok(Some(json!({
            "command": "resolve-hold",
            "rental_id": format!("rental-{id}"),
            "outcome": outcome,
            "operator": WHO,
        })))
    }

    /// One of the rentals that a command makes sense for; where there is none, and now and then,
    /// any that was started.
    async fn meant(
        &self,
        pool: &PgPool,
        query: &'static str,
        choice: usize,
    ) -> Result<Option<String>> {
        let (seldom, choice) = (rest(choice, 4) == 0, choice.wrapping_shr(2));
        match one_rental(pool, query, choice).await? {
            Some(rental_id) if !seldom => Ok(Some(rental_id)),
            _ => self.started(choice).await,
        }
    }

    /// One of the started rentals.
    pub(crate) async fn started(&self, choice: usize) -> Result<Option<String>> {
        one_rental(&self.databases.rental, STARTED, choice).await
    }

    /// One of the rentals that run.
    pub(crate) async fn running(&self, choice: usize) -> Result<Option<String>> {
        one_rental(&self.databases.rental, RUNNING, choice).await
    }

    /// Whether the provider moved money under a key.
    async fn has_acted_on(&self, key: Uuid) -> Result<bool> {
        let ledger = self.stub.get("/admin/ledger?entries=true").await?;
        Ok(ledger.to_string().contains(&key.to_string()))
    }

    /// The power bank that left its station under a key.
    async fn ejected_under(&self, key: Uuid) -> Result<Option<String>> {
        let ejects = self.stub.get(&format!("/admin/ejects?key={key}")).await?;
        let powerbank_id = ejects.pointer("/ejects/0/powerbank_id");
        Ok(powerbank_id.and_then(Value::as_str).map(str::to_owned))
    }
}

const STARTED: &str =
    "SELECT rental_id FROM rentals WHERE started_at IS NOT NULL ORDER BY rental_id";
const RUNNING: &str = "SELECT rental_id FROM rentals WHERE status = 'ACTIVE' ORDER BY rental_id";
const FLAGGED: &str =
    "SELECT rental_id FROM rentals WHERE flagged_at IS NOT NULL ORDER BY rental_id";
const SET_ASIDE: &str =
    "SELECT rental_id FROM rentals WHERE set_aside_at IS NOT NULL ORDER BY rental_id";
const INDEBTED: &str = "SELECT rental_id FROM debts WHERE settled_at IS NULL ORDER BY rental_id";

async fn one_rental(pool: &PgPool, query: &'static str, choice: usize) -> Result<Option<String>> {
    let id = one(pool, query, choice).await?;
    Ok(id.map(|id| format!("rental-{id}")))
}

async fn one(pool: &PgPool, query: &'static str, choice: usize) -> Result<Option<Uuid>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(query).fetch_all(pool).await?;
    Ok(pick(&ids, choice).copied())
}
