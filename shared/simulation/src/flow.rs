//! One invocation of a function, held at its steps.

use crate::gate::{Gate, Place};
use crate::stage::{Functions, Instance};
use anyhow::Result;
use billing_tick::BillingTick;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use lambda_http::http::Request;
use lambda_http::{Body, RequestExt};
use operator::Operator;
use quote::Quotes;
use reconcile::Reconcile;
use runtime::api::{ApiError, Reply};
use runtime::http::Served;
use serde_json::{Value, json};
use start::Starts;
use status::Statuses;
use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use stop::Stops;
use tokio::time::Instant;

/// What a function is invoked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    Quote {
        user_id: String,
        station_id: String,
    },
    Start {
        quote_id: String,
        key: String,
    },
    Stop {
        rental_id: String,
        station_id: String,
        key: String,
    },
    Status {
        rental_id: String,
    },
    Tick,
    Reconcile,
    Operator(Value),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An HTTP function answered.
    Answered(Reply),
    /// A scheduled function, or the operator's, reported.
    Reported(Value),
    /// It failed as a whole.
    Failed(String),
    /// It panicked, or answered that it has a defect: always wrong.
    Defect(String),
}

impl Outcome {
    /// What is wrong with it by itself. Once it is calm, the last fault having ended, nothing that
    /// the system tries may fail.
    pub(crate) fn defect(&self, may_not_fail: bool) -> Option<String> {
        match self {
            Self::Defect(why) => Some(format!("a defect: {why}")),
            Self::Failed(why) if may_not_fail || tells_of_a_defect(why) => Some(why.clone()),
            Self::Answered(reply) if may_not_fail && reply.status >= 500 => {
                Some(reply.body.clone())
            }
            Self::Reported(report) => {
                let failures = report.get("failures").and_then(Value::as_array);
                let mut failures = failures.into_iter().flatten().map(Value::to_string);
                failures.find(|why| may_not_fail || tells_of_a_defect(why))
            }
            Self::Answered(_) | Self::Failed(_) => None,
        }
    }

    /// Whether a start was refused because whoever it would ask is not there, or may have forgotten.
    pub(crate) fn asks_nobody(&self) -> bool {
        let of = |what| {
            let why = String::new();
            ApiError::Unavailable { what, why }.reply()
        };
        let refusals = ["The station", "The payment provider"].map(of);
        matches!(self, Self::Answered(reply) if refusals.contains(reply))
    }
}

/// In the words of `DbError`.
fn tells_of_a_defect(why: &str) -> bool {
    ["reports a defect", "panicked"]
        .iter()
        .any(|defect| why.contains(defect))
}

/// A flow that stands, or is about to begin.
pub(crate) struct Flow {
    pub(crate) invocation: Invocation,
    /// By db-rental's clock.
    pub(crate) begun_at: DateTime<Utc>,
    gate: Rc<Gate>,
    future: LocalBoxFuture<'static, Outcome>,
}

impl Flow {
    pub(crate) fn of(
        functions: &Functions,
        invocation: Invocation,
        begun_at: DateTime<Utc>,
    ) -> Result<Self> {
        let work = work(functions, &invocation)?;
        let future = AssertUnwindSafe(work)
            .catch_unwind()
            .map(|outcome| outcome.unwrap_or_else(|_| Outcome::Defect("it panicked".to_owned())))
            .boxed_local();
        Ok(Self {
            invocation,
            begun_at,
            gate: Rc::default(),
            future,
        })
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        self.gate.places()
    }

    pub(crate) fn release(&self, place: Place) {
        self.gate.release(place);
    }

    /// Until the whole flow stands (none), or is over.
    pub(crate) async fn go_on(&mut self) -> Option<Outcome> {
        let Self { gate, future, .. } = self;
        poll_fn(|context| match gate.during(|| future.poll_unpin(context)) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if gate.stands() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

fn work(
    functions: &Functions,
    invocation: &Invocation,
) -> Result<LocalBoxFuture<'static, Outcome>> {
    const RENTALS: &str = "/api/v1/rentals";
    Ok(match invocation {
        Invocation::Quote {
            user_id,
            station_id,
        } => {
            let body = json!({ "user_id": user_id, "station_id": station_id });
            let request = post(&format!("{RENTALS}/quote"), None, &body)?;
            let function = functions.take(&functions.quotes, Quotes::from_env)?;
            answer(function, async move |quotes| quotes.handle(&request).await)
        }
        Invocation::Start { quote_id, key } => {
            let body = json!({ "quote_id": quote_id });
            let request = post(&format!("{RENTALS}/start"), Some(key), &body)?;
            let function = functions.take(&functions.starts, Starts::from_env)?;
            answer(function, async move |starts| starts.handle(&request).await)
        }
        Invocation::Stop {
            rental_id,
            station_id,
            key,
        } => {
            let body = json!({ "rental_id": rental_id, "station_id": station_id });
            let request = post(&format!("{RENTALS}/stop"), Some(key), &body)?;
            let function = functions.take(&functions.stops, Stops::from_env)?;
            answer(function, async move |stops| stops.handle(&request).await)
        }
        Invocation::Status { rental_id } => {
            let path = format!("{RENTALS}/{rental_id}");
            let parameters = HashMap::from([("rental_id".to_owned(), vec![rental_id.clone()])]);
            let request = Request::get(path)
                .body(Body::Empty)?
                .with_path_parameters(parameters);
            let function = functions.take(&functions.statuses, Statuses::from_env)?;
            answer(function, async move |statuses| {
                statuses.handle(&request).await
            })
        }
        Invocation::Tick => {
            let function = functions.take(&functions.ticks, BillingTick::from_env)?;
            report(function, async |tick| tick.run(done_by()).await)
        }
        Invocation::Reconcile => {
            let function = functions.take(&functions.reconciles, Reconcile::from_env)?;
            report(function, async |reconcile| reconcile.run(done_by()).await)
        }
        Invocation::Operator(command) => {
            let function = functions.take(&functions.operators, Operator::from_env)?;
            let command = serde_json::from_value(command.clone())?;
            report(function, async move |operator| operator.run(command).await)
        }
    })
}

fn post(path: &str, key: Option<&str>, body: &Value) -> Result<lambda_http::Request> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    Ok(request.body(Body::Text(body.to_string()))?)
}

/// Time stands still while a function works, so that this never comes by itself.
fn done_by() -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_secs(3_600)).unwrap_or(now)
}

/// A client hears the answer when the flow is over, with what the function does after it.
fn answer<T: 'static, S: Into<Served>>(
    function: Instance<T>,
    handle: impl AsyncFnOnce(&T) -> Result<S, ApiError> + 'static,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let outcome = match handle(function.get()).await.map(Into::into) {
            Err(ApiError::Bug(why)) => Outcome::Defect(why),
            Err(error) => Outcome::Answered(error.reply()),
            Ok(Served { reply, afterwards }) => {
                if let Some(afterwards) = afterwards {
                    afterwards.await;
                }
                Outcome::Answered(reply)
            }
        };
        function.done();
        outcome
    }
    .boxed_local()
}

fn report<T: 'static, R: serde::Serialize, E: std::fmt::Display>(
    function: Instance<T>,
    run: impl AsyncFnOnce(&T) -> Result<R, E> + 'static,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let outcome = match run(function.get()).await {
            Ok(report) => serde_json::to_value(report).map_or_else(
                |error| Outcome::Defect(error.to_string()),
                Outcome::Reported,
            ),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        function.done();
        outcome
    }
    .boxed_local()
}
