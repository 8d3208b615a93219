//! What people did by hand: each database keeps the record of what was done in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An operator's action, as it was recorded in the transaction of its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorAction {
    /// Names the record.
    pub action_id: Uuid,
    /// Who did it.
    pub operator: String,
    /// The whole command.
    pub command: serde_json::Value,
    /// When.
    pub created_at: DateTime<Utc>,
}
