//! The requests that change something, parsed: what is asked, and the headers
//! that make asking again safe.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const REQUEST_EXPIRES_AT: HeaderName = HeaderName::from_static("request-expires-at");

const KEY_LIMIT_CHARS: usize = 255;

/// What is asked. Its JSON is the fingerprint that a repeated key must match:
/// endpoint and fields, whatever the spacing of the body was.
#[derive(Debug, Serialize)]
pub(crate) enum Command {
    Eject(Eject),
    Return(Return),
    Hold(Payment),
    Clear(Payment),
    Release(Release),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Eject {
    pub(crate) station_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Return {
    pub(crate) station_id: String,
    pub(crate) powerbank_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) user_id: String,
    pub(crate) order_id: String,
    pub(crate) amount: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Release {
    pub(crate) user_id: String,
    pub(crate) order_id: String,
}

/// Each parser answers a malformed body with a sentence for the caller.
impl Command {
    pub(crate) fn eject(body: &[u8]) -> Result<Self, String> {
        let eject: Eject = fields(body)?;
        filled("station_id", &eject.station_id)?;
        Ok(Self::Eject(eject))
    }

    pub(crate) fn return_bank(body: &[u8]) -> Result<Self, String> {
        let back: Return = fields(body)?;
        filled("station_id", &back.station_id)?;
        filled("powerbank_id", &back.powerbank_id)?;
        Ok(Self::Return(back))
    }

    pub(crate) fn hold(body: &[u8]) -> Result<Self, String> {
        payment(body).map(Self::Hold)
    }

    pub(crate) fn clear(body: &[u8]) -> Result<Self, String> {
        payment(body).map(Self::Clear)
    }

    pub(crate) fn release(body: &[u8]) -> Result<Self, String> {
        let release: Release = fields(body)?;
        filled("user_id", &release.user_id)?;
        filled("order_id", &release.order_id)?;
        Ok(Self::Release(release))
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Eject(_) => Endpoint::EjectPowerbank,
            Self::Return(_) => Endpoint::ReturnPowerbank,
            Self::Hold(_) => Endpoint::HoldMoneyForOrder,
            Self::Clear(_) => Endpoint::ClearMoneyForOrder,
            Self::Release(_) => Endpoint::ReleaseMoneyForOrder,
        }
    }
}

fn payment(body: &[u8]) -> Result<Payment, String> {
    let payment: Payment = fields(body)?;
    filled("user_id", &payment.user_id)?;
    filled("order_id", &payment.order_id)?;
    if payment.amount <= 0 {
        return Err("amount must be positive".to_owned());
    }
    Ok(payment)
}

fn fields<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("Malformed body: {error}"))
}

fn filled(name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("{name} must not be empty"));
    }
    Ok(())
}

/// The headers of a request that changes something; both are optional.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) key: Option<String>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl Envelope {
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, String> {
        Ok(Self {
            key: headers.get(IDEMPOTENCY_KEY).map(key).transpose()?,
            expires_at: headers.get(REQUEST_EXPIRES_AT).map(moment).transpose()?,
        })
    }
}

fn key(value: &HeaderValue) -> Result<String, String> {
    value
        .to_str()
        .ok()
        .filter(|text| (1..=KEY_LIMIT_CHARS).contains(&text.len()))
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| format!("Idempotency-Key must be 1 to {KEY_LIMIT_CHARS} visible characters"))
}

fn moment(value: &HeaderValue) -> Result<DateTime<Utc>, String> {
    value
        .to_str()
        .ok()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|moment| moment.to_utc())
        .ok_or_else(|| "Request-Expires-At must be an RFC 3339 time".to_owned())
}
