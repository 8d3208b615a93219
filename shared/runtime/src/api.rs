//! What an HTTP function answers: a body, or one error shape for everything that can go wrong.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use std::borrow::Cow;

/// An answer whose bytes are decided: it can be sent, or stored and sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

impl Reply {
    /// 200 with `body` as JSON.
    ///
    /// # Errors
    /// [`ApiError::Bug`] when the body cannot be written as JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self, ApiError> {
        Self::with_status(200, body)
    }

    /// Any status with `body` as JSON.
    ///
    /// # Errors
    /// [`ApiError::Bug`] when the body cannot be written as JSON.
    pub fn with_status(status: u16, body: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_string(body).map_err(ApiError::bug)?;
        Ok(Self { status, body })
    }

    pub(crate) fn into_response(self, retry_after_sec: Option<u16>) -> Response<Body> {
        let mut response = Response::new(Body::Text(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(seconds) = retry_after_sec {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Why a request is not served. `Display` is what the client reads; nothing of the inside is in it.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the request cannot be understood.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// 400: the quote's time is over.
    #[error("Quote expired")]
    QuoteExpired,
    /// 402: no deposit could be held.
    #[error("Deposit declined")]
    DepositDeclined,
    /// 402: a trusted user rents without a deposit once at a time.
    #[error("No deposit could be held and another rental without one is open")]
    OpenRentalWithoutDeposit,
    /// 404: nothing is known under this id.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// 409: the quote served another rental.
    #[error("Quote already used")]
    QuoteAlreadyUsed,
    /// 409: the station has no power bank.
    #[error("Station is empty")]
    StationEmpty,
    /// 409: no power bank left the station.
    #[error("No power bank could be ejected")]
    EjectFailed,
    /// 409: a request with the same key still runs.
    #[error("A request with this Idempotency-Key is in progress")]
    InFlight,
    /// 422: the key came before with another request.
    #[error("Idempotency-Key was used with a different request")]
    KeyReused,
    /// 503: something that is needed cannot be reached.
    #[error("{what} is unavailable, try again")]
    Unavailable {
        /// What the client may know of it.
        what: &'static str,
        /// What the log says.
        why: String,
    },
    /// 500: a defect of ours.
    #[error("Internal error")]
    Bug(String),
}

#[derive(Serialize)]
struct ErrorBody {
    error: String,
}

impl ApiError {
    /// A request that cannot be understood, with what the client reads of it.
    pub fn bad_request(why: impl ToString) -> Self {
        Self::BadRequest(why.to_string().into())
    }

    /// A defect of ours, with what the log says of it.
    pub fn bug(why: impl ToString) -> Self {
        Self::Bug(why.to_string())
    }

    /// The one place that maps errors to statuses.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) | Self::QuoteExpired => 400,
            Self::DepositDeclined | Self::OpenRentalWithoutDeposit => 402,
            Self::NotFound(_) => 404,
            Self::QuoteAlreadyUsed | Self::StationEmpty | Self::EjectFailed | Self::InFlight => 409,
            Self::KeyReused => 422,
            Self::Bug(_) => 500,
            Self::Unavailable { .. } => 503,
        }
    }

    /// Seconds after which the same request may do better.
    #[must_use]
    pub const fn retry_after_sec(&self) -> Option<u16> {
        match self {
            Self::InFlight | Self::Unavailable { .. } => Some(1),
            _ => None,
        }
    }

    /// `{"error": "…"}` with its status.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let body = ErrorBody {
            error: self.to_string(),
        };
        Reply {
            status: self.status(),
            // A struct of one string always serializes.
            body: serde_json::to_string(&body).unwrap_or_default(),
        }
    }

    pub(crate) fn log(&self) {
        match self {
            Self::Bug(why) => tracing::error!(status = self.status(), why, "a defect"),
            Self::Unavailable { what, why } => {
                tracing::warn!(status = self.status(), what, why, "not served");
            }
            _ => tracing::debug!(status = self.status(), error = %self, "refused"),
        }
    }
}
