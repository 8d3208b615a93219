//! `/admin`: how tests look behind the provider's answers and make it misbehave.

mod accounts;
mod body;
mod calls;
mod catalogue;
mod clock;
mod faults;
mod ledger;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/faults",
            post(faults::add).get(faults::list).delete(faults::reset),
        )
        .route("/faults/deferred", post(faults::late_requests_arrive))
        .route("/calls", get(calls::list).delete(calls::clear))
        .route("/clock", get(clock::show).put(clock::set))
        .route("/ledger", get(ledger::ledger))
        .route("/ejects", get(ledger::ejects))
        .route(
            "/accounts/{user_id}",
            get(accounts::show).put(accounts::set),
        )
        .route("/configs", put(catalogue::set_configs))
        .route("/tariffs/{id}", put(catalogue::set_tariff))
        .route("/stations/{id}", put(catalogue::set_station))
        .route("/users/{id}", put(catalogue::set_user))
}
