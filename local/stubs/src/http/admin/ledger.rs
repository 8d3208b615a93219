//! `/admin/ledger` and `/admin/ejects`: what really happened.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::http::query;
use crate::provider;
use crate::reply::Reply;

#[derive(Deserialize)]
struct Filter {
    order_id: Option<String>,
}

pub(super) async fn ledger(State(app): State<Arc<App>>, uri: Uri) -> Result<Reply, Reply> {
    let Filter { order_id } = query(&uri)?;
    Ok(Reply::ok(&match order_id {
        Some(order_id) => json!(app.store.read(|read| provider::order(read, &order_id))?),
        None => json!({ "orders": app.store.read(provider::orders)? }),
    }))
}

pub(super) async fn ejects(State(app): State<Arc<App>>) -> Result<Reply, Reply> {
    Ok(Reply::ok(
        &json!({ "ejects": app.store.read(provider::ejects)? }),
    ))
}
