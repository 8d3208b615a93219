//! `/admin/accounts`.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::body::{AdminBody, refused};
use crate::app::App;
use crate::provider::{self, Account};
use crate::reply::Reply;
use crate::store::Tables;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBalance {
    balance: i64,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(user_id): Path<String>,
) -> Result<Reply, Reply> {
    let account = app.store.read(|read| provider::account(read, &user_id))?;
    Ok(view(&user_id, account))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    Path(user_id): Path<String>,
    AdminBody(new): AdminBody<NewBalance>,
) -> Result<Reply, Reply> {
    if new.balance < 0 {
        return Err(refused("balance must not be negative"));
    }
    let user = user_id.clone();
    let change = move |tables: &mut Tables<'_>| provider::set_balance(tables, &user, new.balance);
    Ok(view(&user_id, app.store.write(change).await?))
}

fn view(user_id: &str, account: Account) -> Reply {
    Reply::ok(&json!({
        "user_id": user_id,
        "balance": account.balance,
        "held": account.held,
    }))
}
