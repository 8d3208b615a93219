//! `/admin/calls`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use crate::app::App;
use crate::http::query;
use crate::reply::Reply;

#[derive(Deserialize)]
struct Filter {
    endpoint: Option<String>,
    order_id: Option<String>,
}

pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Reply, Reply> {
    let filter: Filter = query(&uri)?;
    let calls = app
        .calls
        .show(filter.endpoint.as_deref(), filter.order_id.as_deref());
    Ok(Reply::ok(&calls))
}

pub(super) async fn clear(State(app): State<Arc<App>>) -> Reply {
    app.calls.clear();
    Reply::ok(&app.calls.show(None, None))
}
