//! `/admin/clock`.

use std::sync::Arc;

use axum::extract::State;
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::json;

use super::body::{AdminBody, refused};
use crate::app::App;
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offset {
    offset_sec: i64,
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Reply {
    let now = app.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    Reply::ok(&json!({ "offset_sec": app.clock.offset_sec(), "now": now }))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    AdminBody(offset): AdminBody<Offset>,
) -> Result<Reply, Reply> {
    app.clock
        .set_offset_sec(offset.offset_sec)
        .map_err(|sentence| refused(&sentence))?;
    Ok(show(State(app)).await)
}
