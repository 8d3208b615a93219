//! An HTTP function: requests in by API Gateway's event, replies out.

use crate::api::{ApiError, Reply};
use crate::step;
use lambda_http::{Body, Request, RequestExt, Response, service_fn};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// No HTTP function takes longer; the gateway gives up at 30 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves requests until Lambda ends the process.
///
/// A process serves one request at a time, on one thread: handlers need not be `Send`.
///
/// # Errors
/// When the Lambda Runtime API goes away or `ABORT_AT_STEP` cannot be read.
pub async fn serve<F, Fut>(handler: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<Reply, ApiError>> + 'static,
{
    step::arm()?;
    let answer = |request| {
        let work = tokio::task::spawn_local(timeout(REQUEST_TIMEOUT, handler(request)));
        async { Ok::<_, lambda_http::Error>(into_response(finished(work).await)) }
    };
    LocalSet::new()
        .run_until(lambda_http::run(service_fn(answer)))
        .await
}

async fn finished(
    work: JoinHandle<Result<Result<Reply, ApiError>, Elapsed>>,
) -> Result<Reply, ApiError> {
    match work.await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ApiError::Unavailable {
            what: "The service",
            why: format!("no answer within {REQUEST_TIMEOUT:?}"),
        }),
        Err(_) => Err(ApiError::bug("the handler panicked")),
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
