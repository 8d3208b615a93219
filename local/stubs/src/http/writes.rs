//! The requests that change something: parsed here, done by `provider`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::intercept::Refusing;
use crate::app::App;
use crate::command::{Command, Envelope};
use crate::endpoint::Endpoint;
use crate::provider;
use crate::reply::Reply;

pub(super) async fn eject(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    refusing: Option<Extension<Refusing>>,
    body: Bytes,
) -> Reply {
    act(
        &app,
        Endpoint::EjectPowerbank,
        &headers,
        refusing.is_some(),
        Command::eject(&body),
    )
    .await
}

pub(super) async fn return_bank(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    refusing: Option<Extension<Refusing>>,
    body: Bytes,
) -> Reply {
    act(
        &app,
        Endpoint::ReturnPowerbank,
        &headers,
        refusing.is_some(),
        Command::return_bank(&body),
    )
    .await
}

pub(super) async fn hold(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    refusing: Option<Extension<Refusing>>,
    body: Bytes,
) -> Reply {
    act(
        &app,
        Endpoint::HoldMoneyForOrder,
        &headers,
        refusing.is_some(),
        Command::hold(&body),
    )
    .await
}

pub(super) async fn clear(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    refusing: Option<Extension<Refusing>>,
    body: Bytes,
) -> Reply {
    act(
        &app,
        Endpoint::ClearMoneyForOrder,
        &headers,
        refusing.is_some(),
        Command::clear(&body),
    )
    .await
}

pub(super) async fn release(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    refusing: Option<Extension<Refusing>>,
    body: Bytes,
) -> Reply {
    act(
        &app,
        Endpoint::ReleaseMoneyForOrder,
        &headers,
        refusing.is_some(),
        Command::release(&body),
    )
    .await
}

/// 422 for what cannot be understood: to callers, 400 means declined.
async fn act(
    app: &App,
    endpoint: Endpoint,
    headers: &HeaderMap,
    refuses: bool,
    command: Result<Command, String>,
) -> Reply {
    let asked = command.and_then(|command| Ok((command, Envelope::parse(headers)?)));
    let (command, envelope) = match asked {
        Ok(asked) => asked,
        Err(message) => return endpoint.error(StatusCode::UNPROCESSABLE_ENTITY, &message),
    };
    let clock = Arc::clone(&app.clock);
    let done = app
        .store
        .write(move |tables| provider::perform(tables, clock.now(), &envelope, &command, refuses))
        .await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, ?endpoint, "the store failed a request");
        endpoint.error(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    })
}
