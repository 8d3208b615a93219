//! An HTTP function: requests in by API Gateway's event, replies out.

use crate::api::{ApiError, Reply};
use crate::{step, timers};
use futures::future::{FutureExt, LocalBoxFuture};
use lambda_http::tower::util::ThenLayer;
use lambda_http::{Adapter, Body, Request, RequestExt, Response, service_fn};
use lambda_runtime::Runtime;
use lambda_runtime::layers::TracingLayer;
use serde::de::DeserializeOwned;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument;

/// No HTTP function takes longer; the gateway gives up at 30 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The next request waits for what is done after an answer.
const AFTERWARDS_TIMEOUT: Duration = Duration::from_secs(2);

/// An answer, and what is to be done once the caller has it.
pub struct Served {
    /// The answer.
    pub reply: Reply,
    /// Nobody waits for it. It may never happen: then somebody else has to do it.
    pub afterwards: Option<LocalBoxFuture<'static, ()>>,
}

impl From<Reply> for Served {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            afterwards: None,
        }
    }
}

/// The request that is worked on.
struct Underway {
    /// Dropped when the answer went out.
    unanswered: oneshot::Sender<()>,
    work: JoinHandle<()>,
}

/// Serves requests until Lambda ends the process.
///
/// A process serves one request at a time, on the one thread of a local runtime: handlers need not be
/// `Send`.
///
/// # Errors
/// When the Lambda Runtime API goes away or `ABORT_AT_STEP` cannot be read.
pub async fn serve<F, Fut, S>(handler: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<S, ApiError>> + 'static,
    S: Into<Served> + 'static,
{
    step::arm()?;
    timers::keep_one_first();
    let underway = Mutex::new(None);
    let take = || {
        underway
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    };
    let answer = |request| {
        let (reply, replied) = oneshot::channel();
        let (unanswered, answered) = oneshot::channel();
        // Boxed: so large a future is not to be moved about.
        let handled = handler(request).boxed_local();
        // What it logs names the request.
        let work = work(handled, reply, answered).in_current_span();
        let work = tokio::task::spawn_local(work);
        *underway.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Underway { unanswered, work });
        async move {
            let replied = replied.await;
            let result = replied.unwrap_or_else(|_| Err(ApiError::bug("the handler panicked")));
            Ok::<_, lambda_http::Error>(into_response(result))
        }
    };
    let finish = |answered: Result<(), lambda_http::Error>| {
        let underway: Option<Underway> = take();
        async move {
            if let Some(Underway { unanswered, work }) = underway {
                drop(unanswered);
                // A panic was reported where it happened.
                let _done = work.await;
            }
            answered
        }
    };
    // Layers work after the answer went out, and before the next request is asked for.
    let runtime = Runtime::new(Adapter::from(service_fn(answer)))
        .layer(ThenLayer::new(finish))
        .layer(TracingLayer::new());
    runtime.run().await
}

/// Works on one request, and then on what nobody waits for.
async fn work<S: Into<Served>>(
    handled: impl Future<Output = Result<S, ApiError>>,
    reply: oneshot::Sender<Result<Reply, ApiError>>,
    answered: oneshot::Receiver<()>,
) {
    let served = timeout(REQUEST_TIMEOUT, handled)
        .await
        .unwrap_or_else(|_| {
            Err(ApiError::Unavailable {
                what: "The service",
                why: format!("no answer within {REQUEST_TIMEOUT:?}"),
            })
        })
        .map(Into::into);
    let (result, afterwards) = match served {
        Ok(Served { reply, afterwards }) => (Ok(reply), afterwards),
        Err(error) => (Err(error), None),
    };
    // Who waits for it lives as long as the process.
    let _gone = reply.send(result);
    if let Some(afterwards) = afterwards {
        let _answered = answered.await;
        if timeout(AFTERWARDS_TIMEOUT, afterwards).await.is_err() {
            tracing::warn!("what was to be done after the answer is left to others");
        }
    }
}

fn into_response(result: Result<Reply, ApiError>) -> Response<Body> {
    match result {
        Ok(reply) => reply.into_response(None),
        Err(error) => {
            error.log();
            error.reply().into_response(error.retry_after_sec())
        }
    }
}

/// The request's body: a JSON object.
///
/// # Errors
/// [`ApiError::BadRequest`] saying what is wrong with it.
pub fn json_body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.is_empty() {
        return Err(ApiError::BadRequest("The body is missing".into()));
    }
    // serde would also fill a struct from an array, field by field.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::BadRequest("The body is not a JSON object".into()));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => "The body".to_owned(),
            path => format!("The field {path}"),
        };
        ApiError::BadRequest(format!("{place} is not valid: {}", error.inner()).into())
    })?;
    json.end()
        .map_err(|_| ApiError::BadRequest("The body is more than one JSON object".into()))?;
    Ok(body)
}

/// A header's value as text.
///
/// # Errors
/// [`ApiError::BadRequest`] when it is missing, repeated, or not visible ASCII.
pub fn header<'a>(request: &'a Request, name: &'static str) -> Result<&'a str, ApiError> {
    let mut values = request.headers().get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ApiError::BadRequest(
            format!("Send the header {name} once").into(),
        ));
    };
    value
        .to_str()
        .map_err(|_| ApiError::BadRequest(format!("The header {name} is not visible ASCII").into()))
}

/// A parameter of the path.
///
/// # Errors
/// [`ApiError::Bug`] when the route does not have it.
pub fn path_parameter(request: &Request, name: &'static str) -> Result<String, ApiError> {
    request
        .path_parameters()
        .first(name)
        .map(ToOwned::to_owned)
        .ok_or_else(|| ApiError::bug(format!("the route has no parameter {name}")))
}
