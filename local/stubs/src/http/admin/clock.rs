//! `/admin/clock`.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::json;

use super::body::{AdminBody, refused};
use crate::app::App;
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Setting {
    Runs { offset_sec: i64 },
    StandsAt { stopped_at: DateTime<Utc> },
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Reply {
    let now = app.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    Reply::ok(&json!({ "offset_sec": app.clock.offset_sec(), "now": now }))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    AdminBody(setting): AdminBody<Setting>,
) -> Result<Reply, Reply> {
    match setting {
        Setting::Runs { offset_sec } => app
            .clock
            .set_offset_sec(offset_sec)
            .map_err(|sentence| refused(&sentence))?,
        Setting::StandsAt { stopped_at } => app.clock.stop_at(stopped_at),
    }
    Ok(show(State(app)).await)
}
