//! A JSON body of an admin request, refused with a sentence.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::reply::Reply;

const BODY_LIMIT_BYTES: usize = 64 * 1024;

pub(super) struct AdminBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for AdminBody<T> {
    type Rejection = Reply;

    async fn from_request(request: Request, _: &S) -> Result<Self, Reply> {
        let body = to_bytes(request.into_body(), BODY_LIMIT_BYTES)
            .await
            .map_err(|_| refused(&format!("the body is over {BODY_LIMIT_BYTES} bytes")))?;
        serde_json::from_slice(&body)
            .map(AdminBody)
            .map_err(|error| refused(&format!("the body does not fit: {error}")))
    }
}

pub(super) fn refused(sentence: &str) -> Reply {
    Reply::error(StatusCode::UNPROCESSABLE_ENTITY, sentence)
}
