//! `/admin/faults`.

use std::sync::Arc;

use axum::extract::State;
use serde_json::json;

use super::body::{AdminBody, refused};
use crate::app::App;
use crate::faults::Fault;
use crate::reply::Reply;

pub(super) async fn add(
    State(app): State<Arc<App>>,
    AdminBody(fault): AdminBody<Fault>,
) -> Result<Reply, Reply> {
    app.faults
        .add(fault)
        .map_err(|sentence| refused(&sentence))?;
    Ok(show(&app))
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Reply {
    show(&app)
}

pub(super) async fn reset(State(app): State<Arc<App>>) -> Reply {
    app.faults.reset();
    show(&app)
}

/// One after another, in the order they were sent.
pub(super) async fn late_requests_arrive(State(app): State<Arc<App>>) -> Reply {
    let deferred = app.faults.take_deferred();
    let arrived = deferred.len();
    for request in deferred {
        request.await;
    }
    Reply::ok(&json!({ "arrived": arrived }))
}

fn show(app: &App) -> Reply {
    Reply::ok(&json!({ "faults": app.faults.list() }))
}
