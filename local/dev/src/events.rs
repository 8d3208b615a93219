//! The events by which AWS would invoke the functions.

use serde_json::{Value, json};

/// EventBridge's event of a rule that fires on a schedule.
pub fn scheduled(rule: &str) -> Value {
    #[expect(
        clippy::disallowed_methods,
        reason = "a label on the event, as EventBridge sets it: no function decides by it"
    )]
    let now = chrono::Utc::now();
    json!({
        "version": "0",
        "id": runtime::fresh_id().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "region": "eu-central-1",
        "resources": [format!("arn:aws:events:eu-central-1:123456789012:rule/{rule}")],
        "detail": {}
    })
}

/// What an operator sends to see everything known about a rental.
pub fn show(rental_id: &str) -> Value {
    json!({ "command": "show", "rental_id": rental_id })
}
