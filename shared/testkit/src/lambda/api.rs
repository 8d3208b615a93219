//! The Lambda Runtime API, as far as the functions use it.

use super::Pools;
use super::pool::{FunctionError, Pool};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// What a function may take, as its configuration would say.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn router(pools: Pools) -> Router {
    let version = "/{name}/{instance}/2018-06-01/runtime";
    Router::new()
        .route(&format!("{version}/invocation/next"), get(next))
        .route(
            &format!("{version}/invocation/{{id}}/response"),
            post(response),
        )
        .route(&format!("{version}/invocation/{{id}}/error"), post(error))
        .route(&format!("{version}/init/error"), post(init_error))
        .with_state(pools)
}

fn pool(pools: &Pools, name: &str) -> Result<Arc<Pool>, StatusCode> {
    let pools = pools.lock().unwrap_or_else(PoisonError::into_inner);
    pools.get(name).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn next(
    State(pools): State<Pools>,
    Path((name, instance)): Path<(String, usize)>,
) -> Result<impl IntoResponse, StatusCode> {
    let (id, event) = pool(&pools, &name)?.next(instance).await;
    let mut headers = HeaderMap::new();
    for (header, value) in [
        ("lambda-runtime-aws-request-id", id.to_string()),
        ("lambda-runtime-deadline-ms", deadline_ms().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:local:000000000000:function:{name}"),
        ),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|_| StatusCode::BAD_REQUEST)?;
        headers.insert(header, value);
    }
    Ok((headers, Json(event)))
}

async fn response(
    State(pools): State<Pools>,
    Path((name, instance, id)): Path<(String, usize, Uuid)>,
    body: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let answer = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    pool(&pools, &name)?.answer(instance, id, Ok(answer));
    Ok((StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))))
}

async fn error(
    State(pools): State<Pools>,
    Path((name, instance, id)): Path<(String, usize, Uuid)>,
    body: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let error = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body)));
    pool(&pools, &name)?.answer(instance, id, Err(FunctionError(error).into()));
    Ok((StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))))
}

async fn init_error(Path((name, _)): Path<(String, usize)>, body: Bytes) -> impl IntoResponse {
    tracing::error!(name, error = %String::from_utf8_lossy(&body), "the function does not start");
    StatusCode::ACCEPTED
}

#[expect(
    clippy::disallowed_methods,
    reason = "Lambda's deadline is on the real clock"
)]
fn deadline_ms() -> u128 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    now.saturating_add(TIMEOUT).as_millis()
}
