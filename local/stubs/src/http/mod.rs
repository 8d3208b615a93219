//! The routes, and what all of them have in common.

mod admin;
mod intercept;
mod reads;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::App;
use crate::reply::Reply;
use crate::store::StoreError;

pub(crate) fn router(app: Arc<App>) -> Router {
    outside_systems()
        .route_layer(from_fn_with_state(Arc::clone(&app), intercept::intercept))
        .nest("/admin", admin::routes())
        .fallback(|| async { Reply::error(StatusCode::NOT_FOUND, "Not found") })
        .method_not_allowed_fallback(|| async {
            Reply::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
        })
        .with_state(app)
}

fn outside_systems() -> Router<Arc<App>> {
    Router::new()
        .route("/station-data", get(reads::station_data))
        .route("/tariff", get(reads::tariff))
        .route("/user-profile", get(reads::user_profile))
        .route("/configs", get(reads::configs))
        .route("/stations", get(reads::stations))
        .route(
            "/healthz",
            get(|| async { Reply::ok(&json!({ "status": "ok" })) }),
        )
        .route("/eject-powerbank", post(writes::eject))
        .route("/return-powerbank", post(writes::return_bank))
        .route("/hold-money-for-order", post(writes::hold))
        .route("/clear-money-for-order", post(writes::clear))
        .route("/release-money-for-order", post(writes::release))
}

fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Reply> {
    let parsed = Query::try_from_uri(uri).map(|Query(query)| query);
    parsed.map_err(|error| Reply::error(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// A store that failed is our fault; callers learn no more than that.
impl From<StoreError> for Reply {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed a request");
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    }
}
