//! The operator: looks at rentals, ends some at a past moment, notes refunds.

use crate::dice::Dice;
use crate::stage::Stage;
use anyhow::Result;
use serde_json::{Value, json};

/// A command that got no answer is given again.
const TRIES: u32 = 4;

/// A past moment of a rental's life, as the command wants it.
const PAST: &str = r#"
    SELECT to_char(greatest(started_at, app_now() - make_interval(secs => $2)) AT TIME ZONE 'UTC',
                   'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    FROM rentals WHERE 'rental-' || rental_id = $1 AND started_at IS NOT NULL"#;
const OWED: &str =
    "SELECT refund_id::text FROM refunds WHERE paid_at IS NULL ORDER BY owed_at LIMIT 1";

impl Stage {
    /// Gives commands, again and again.
    pub(crate) async fn let_people_command(&self) -> Result<()> {
        let mut dice = self.dice("operator");
        while self.pause(dice.millis(60..400)).await {
            let rental_id = dice.pick(&self.rented()).cloned();
            let Some(rental_id) = rental_id else { continue };
            let Some(command) = self.command(&rental_id, &mut dice).await? else {
                continue;
            };
            for _ in 0..TRIES {
                if self.invoke("operator", command.clone()).await.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn command(&self, rental_id: &str, dice: &mut Dice) -> Result<Option<Value>> {
        let choice = dice.number(0..10);
        Ok(match choice {
            0..=2 => Some(json!({ "command": "show", "rental_id": rental_id })),
            3 => Some(json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" })),
            4 => self.refund().await?.map(|refund_id| {
                json!({ "command": "mark-refund-paid", "refund_id": refund_id, "operator": "anna" })
            }),
            _ => self.past(rental_id, dice).await?.map(|finished_at| {
                json!({
                    "command": "finish",
                    "rental_id": rental_id,
                    "finished_at": finished_at,
                    "operator": "anna",
                    "reason": "the station was away",
                })
            }),
        })
    }

    async fn past(&self, rental_id: &str, dice: &mut Dice) -> Result<Option<String>> {
        let ago_sec = i32::try_from(dice.number(0..90))?;
        Ok(sqlx::query_scalar(PAST)
            .bind(rental_id)
            .bind(f64::from(ago_sec))
            .fetch_optional(&self.world.databases.rental)
            .await?)
    }

    async fn refund(&self) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(OWED)
            .fetch_optional(&self.world.databases.billing)
            .await?)
    }
}
