//! Fires the scheduled functions, as EventBridge would.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Map, Value};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::events;
use crate::functions;
use crate::http::{Answer, Server};
use crate::output::Output;

/// The name under which the scheduler speaks.
const NAME: &str = "scheduler";

/// Invokes every scheduled function each `every`, for ever. Each function has
/// its own rhythm: one that is slow skips its own ticks and holds up no other.
pub async fn run(api: Server, every: Duration, output: Output) {
    join_all(functions::scheduled().map(|function| fire(function, &api, every, &output))).await;
}

async fn fire(function: &'static str, api: &Server, every: Duration, output: &Output) {
    let first = Instant::now()
        .checked_add(every)
        .unwrap_or_else(Instant::now);
    let mut clock = interval_at(first, every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        clock.tick().await;
        let line = match api.invoke(function, &events::scheduled(function)).await {
            Ok(answer) => worth_telling(&answer),
            Err(error) => Some(format!("failed: {error:#}")),
        };
        if let Some(line) = line {
            output.part_line(NAME, &format!("{function} {line}"));
        }
    }
}

/// What an answer says, unless it says that nothing was to be done.
fn worth_telling(answer: &Answer) -> Option<String> {
    if answer.status != 200 {
        return Some(format!("failed: {} {}", answer.status, answer.text()));
    }
    match answer.json() {
        Ok(mut body) => {
            // How things stand is not what was done, and is asked for with `cargo lambda invoke`.
            body.as_object_mut().map(|body| body.remove("books"));
            what_was_done(body).map(|done| done.to_string())
        }
        Err(error) => Some(format!("failed: {error:#}")),
    }
}

/// The counts that are not zero and the texts that are not empty; a flag is
/// not something done.
pub(crate) fn what_was_done(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) => None,
        Value::Number(number) => (number.as_i64() != Some(0)).then_some(Value::Number(number)),
        Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
        Value::Array(values) => {
            let done: Vec<Value> = values.into_iter().filter_map(what_was_done).collect();
            (!done.is_empty()).then_some(Value::Array(done))
        }
        Value::Object(fields) => {
            let done: Map<String, Value> = fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, what_was_done(value)?)))
                .collect();
            (!done.is_empty()).then_some(Value::Object(done))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::worth_telling;
    use crate::http::Answer;

    fn answer(status: u16, body: &serde_json::Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        Answer { status, bytes }
    }

    #[test]
    fn a_tick_that_found_nothing_to_do_is_not_told() {
        let idle = answer(
            200,
            &json!({"charges": 0, "failures": [], "nothing_left": true,
                    "books": {"most_overdue_lag_sec": 7}}),
        );
        assert_eq!(worth_telling(&idle), None);
    }

    #[test]
    fn a_tick_that_charged_is_told() {
        let busy = answer(
            200,
            &json!({"charges": 2, "declined": 0, "nothing_left": true}),
        );
        assert_eq!(worth_telling(&busy).as_deref(), Some(r#"{"charges":2}"#));
    }

    #[test]
    fn a_tick_that_failed_is_told() {
        let failed = answer(500, &json!({"errorMessage": "the database is away"}));
        assert_eq!(
            worth_telling(&failed).as_deref(),
            Some(r#"failed: 500 {"errorMessage":"the database is away"}"#)
        );
    }
}
