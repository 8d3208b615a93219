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
struct OrderFilter {
    order_id: Option<String>,
    #[serde(default)]
    entries: bool,
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct EjectFilter {
    key: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn ledger(State(app): State<Arc<App>>, uri: Uri) -> Result<Reply, Reply> {
    let filter: OrderFilter = query(&uri)?;
    Ok(Reply::ok(&match filter.order_id {
        Some(order_id) => json!(app.store.read(|read| provider::order(read, &order_id))?),
        None => {
            let (after, limit) = (filter.after.as_deref(), filter.limit.unwrap_or(usize::MAX));
            let orders = |read: &_| provider::orders(read, after, limit, filter.entries);
            json!({ "orders": app.store.read(orders)? })
        }
    }))
}

pub(super) async fn ejects(State(app): State<Arc<App>>, uri: Uri) -> Result<Reply, Reply> {
    let EjectFilter { key, after, limit } = query(&uri)?;
    let (after, limit) = (after.unwrap_or(0), limit.unwrap_or(usize::MAX));
    let ejects = |read: &_| provider::ejects(read, key.as_deref(), after, limit);
    Ok(Reply::ok(&json!({ "ejects": app.store.read(ejects)? })))
}
