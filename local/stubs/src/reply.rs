//! An answer as it is stored under an idempotency key and sent: status and bytes.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: &Value) -> Self {
        Self {
            status: status.as_u16(),
            body: body.to_string(),
        }
    }

    pub(crate) fn ok(body: &Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// An error in the shape that reads and `/admin` use.
    pub(crate) fn error(status: StatusCode, message: &str) -> Self {
        Self::new(status, &json!({ "error": message }))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        (status, content_type, self.body).into_response()
    }
}
