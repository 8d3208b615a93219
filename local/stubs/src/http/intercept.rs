//! Stands before every endpoint of the outside systems: notes the call, and
//! treats it badly when a test has ordered that.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::app::App;
use crate::endpoint::Endpoint;
use crate::faults::{Hit, Mode};
use crate::reply::Reply;

const BODY_LIMIT_BYTES: usize = 64 * 1024;

pub(super) async fn intercept(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT_BYTES).await else {
        let message = format!("The body is incomplete or longer than {BODY_LIMIT_BYTES} bytes");
        return Reply::error(StatusCode::PAYLOAD_TOO_LARGE, &message).into_response();
    };
    let endpoint = Endpoint::of_path(parts.uri.path());
    let fault = endpoint.and_then(|endpoint| app.faults.take(endpoint, &body));
    let mode = fault.as_ref().map(|fault| fault.mode);
    let seq = app
        .calls
        .arrived(app.clock.now(), &parts, body.clone(), mode);

    let request = Request::from_parts(parts, Body::from(body));
    let answer = match (endpoint, fault) {
        (Some(endpoint), Some(fault)) => mistreat(&app, endpoint, fault, request, next).await,
        _ => Some(next.run(request).await),
    };
    match answer {
        Some(response) => {
            app.calls.answered(seq, response.status());
            response
        }
        None => broken_connection(),
    }
}

/// Goes with a request that the provider is to refuse.
#[derive(Clone, Copy)]
pub(super) struct Refusing;

/// None: the caller gets no answer.
async fn mistreat(
    app: &App,
    endpoint: Endpoint,
    mut fault: Hit,
    mut request: Request,
    next: Next,
) -> Option<Response> {
    match fault.mode {
        Mode::Fail => Some(
            endpoint
                .error(fault.status, "Injected fault")
                .into_response(),
        ),
        Mode::Hang => {
            // An error says that the stubs are going: then it is let go too.
            let _ = fault.let_go.changed().await;
            None
        }
        Mode::Stall => {
            // Apart from the connection: the work is done even when the caller
            // has given up by then.
            let work = tokio::spawn(async move {
                tokio::time::sleep(fault.delay).await;
                next.run(request).await
            });
            work.await.ok()
        }
        Mode::Late => {
            let response = next.run(request).await;
            tokio::time::sleep(fault.delay).await;
            Some(response)
        }
        Mode::Garbage => {
            let html = [(header::CONTENT_TYPE, "text/html")];
            Some((StatusCode::OK, html, "<html>not json").into_response())
        }
        Mode::Refuse => {
            request.extensions_mut().insert(Refusing);
            Some(next.run(request).await)
        }
        Mode::Lose => {
            next.run(request).await;
            None
        }
        Mode::Defer => {
            app.faults.defer(Box::pin(async {
                next.run(request).await;
            }));
            None
        }
    }
}

/// A body that fails before its first byte: the connection closes with nothing
/// or an unfinished answer on it.
fn broken_connection() -> Response {
    let failure = async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionAborted)) };
    Response::new(Body::from_stream(stream::once(failure)))
}
