//! A function that is invoked with an event: by a schedule, or by a person.

use crate::{step, timers};
use futures::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Kept free before the deadline: what began just before it, calls that all time out included,
/// still comes to its end.
const MARGIN: Duration = Duration::from_secs(10);
/// What an invocation takes at most when nobody said how long it may.
const DEFAULT_BUDGET: Duration = Duration::from_secs(25);

/// Why an invocation failed as a whole. Its text becomes the invocation's error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvocationError(String);

impl InvocationError {
    /// With what a person reads of it.
    pub fn new(why: impl ToString) -> Self {
        Self(why.to_string())
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self {
            error_type: "InvocationError".to_owned(),
            error_message: error.0,
        }
    }
}

/// Serves invocations until Lambda ends the process. The handler gets the event and the moment
/// at which it has to be done.
///
/// # Errors
/// When the Lambda Runtime API goes away or `ABORT_AT_STEP` cannot be read.
pub async fn serve<E, R, F, Fut>(handler: F) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Fn(E, Instant) -> Fut,
    Fut: Future<Output = Result<R, InvocationError>>,
{
    step::arm()?;
    timers::keep_one_first();
    let invoke = async |event: LambdaEvent<serde_json::Value>| {
        let event_and_deadline = serde_json::from_value(event.payload)
            .map(|payload| (payload, done_by(event.context.deadline)))
            .map_err(|error| InvocationError(format!("The event is not valid: {error}")));
        let result = match event_and_deadline {
            // Boxed: a whole function's future is nested too deep for rustc to lay out.
            Ok((payload, deadline)) => AssertUnwindSafe(handler(payload, deadline).boxed_local())
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(InvocationError::new("the handler panicked"))),
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            tracing::error!(%error, "the invocation failed");
        }
        result
    };
    lambda_runtime::run(service_fn(invoke)).await
}

/// When to be done, for a deadline in milliseconds since 1970. One that has passed is unknown:
/// `cargo lambda watch` reports one in 1970.
fn done_by(deadline_ms: u64) -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "Lambda gives the deadline on the process's clock; no money depends on it"
    )]
    let now = SystemTime::now();
    let left = (UNIX_EPOCH.checked_add(Duration::from_millis(deadline_ms)))
        .and_then(|deadline| deadline.duration_since(now).ok())
        .map_or(DEFAULT_BUDGET, |left| left.saturating_sub(MARGIN));
    let now = Instant::now();
    now.checked_add(left).unwrap_or(now)
}
