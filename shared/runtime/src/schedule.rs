//! The event by which a schedule invokes a function: from EventBridge itself, or through a queue
//! that delays it.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::SqsEvent;
use serde::Deserialize;
use serde_json::Value;

/// A schedule's tick. All that it says is that it is time; which work is due, the database knows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct ScheduledEvent;

/// An event that is no schedule's tick.
#[derive(Debug, thiserror::Error)]
pub enum NotScheduled {
    /// Neither EventBridge nor a queue sends such an event.
    #[error("neither an EventBridge scheduled event nor an SQS event that carries one: {0}")]
    Shape(#[from] serde_json::Error),
    /// It is something else that happened.
    #[error("the detail-type is {0:?} instead of \"Scheduled Event\"")]
    DetailType(String),
    /// A queue delivered nothing.
    #[error("the SQS event carries no record with a body")]
    Empty,
}

impl TryFrom<Value> for ScheduledEvent {
    type Error = NotScheduled;

    fn try_from(event: Value) -> Result<Self, NotScheduled> {
        if event.get("Records").is_none() {
            return Self::from_event_bridge(serde_json::from_value(event)?);
        }
        let queued: SqsEvent = serde_json::from_value(event)?;
        let mut bodies = queued
            .records
            .into_iter()
            .filter_map(|record| record.body)
            .peekable();
        if bodies.peek().is_none() {
            return Err(NotScheduled::Empty);
        }
        // Several ticks that waited are one: it works until nothing is due.
        bodies.try_fold(Self, |_, body| {
            Self::from_event_bridge(serde_json::from_str(&body)?)
        })
    }
}

impl ScheduledEvent {
    fn from_event_bridge(event: EventBridgeEvent) -> Result<Self, NotScheduled> {
        if event.detail_type != "Scheduled Event" {
            return Err(NotScheduled::DetailType(event.detail_type));
        }
        Ok(Self)
    }
}
