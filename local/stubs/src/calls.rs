//! Every call that came in, kept in memory so that tests can ask what was sent.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::command::{IDEMPOTENCY_KEY, REQUEST_EXPIRES_AT};
use crate::faults::{Mode, carries};
use crate::lock::lock;

/// The oldest make room for the newest.
const KEPT_CALLS: usize = 10_000;

#[derive(Default)]
pub(crate) struct Calls {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    last_seq: u64,
    dropped: u64,
    calls: VecDeque<Call>,
}

struct Call {
    seq: u64,
    at: DateTime<Utc>,
    method: String,
    endpoint: String,
    query: Option<String>,
    idempotency_key: Option<String>,
    request_expires_at: Option<String>,
    body: Bytes,
    fault: Option<Mode>,
    /// None while there is no answer, which may be for ever.
    status: Option<u16>,
}

impl Calls {
    /// Notes a call before anything is done about it; gives its number.
    pub(crate) fn arrived(
        &self,
        at: DateTime<Utc>,
        parts: &Parts,
        body: Bytes,
        fault: Option<Mode>,
    ) -> u64 {
        let header = |name: HeaderName| {
            let value = parts.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut log = lock(&self.log);
        log.last_seq = log.last_seq.saturating_add(1);
        if log.calls.len() >= KEPT_CALLS {
            log.calls.pop_front();
            log.dropped = log.dropped.saturating_add(1);
        }
        let call = Call {
            seq: log.last_seq,
            at,
            method: parts.method.to_string(),
            endpoint: parts.uri.path().trim_start_matches('/').to_owned(),
            query: parts.uri.query().map(str::to_owned),
            idempotency_key: header(IDEMPOTENCY_KEY),
            request_expires_at: header(REQUEST_EXPIRES_AT),
            body,
            fault,
            status: None,
        };
        log.calls.push_back(call);
        log.last_seq
    }

    /// Notes how a call was answered, if it is still kept.
    pub(crate) fn answered(&self, seq: u64, status: StatusCode) {
        let mut log = lock(&self.log);
        if let Ok(index) = log.calls.binary_search_by_key(&seq, |call| call.seq)
            && let Some(call) = log.calls.get_mut(index)
        {
            call.status = Some(status.as_u16());
        }
    }

    /// The kept calls, all or those to one endpoint or about one order.
    pub(crate) fn show(&self, endpoint: Option<&str>, order_id: Option<&str>) -> Value {
        let log = lock(&self.log);
        let calls: Vec<Value> = log
            .calls
            .iter()
            .filter(|call| endpoint.is_none_or(|endpoint| call.endpoint == endpoint))
            .filter(|call| carries(&call.body, "order_id", order_id))
            .map(Call::show)
            .collect();
        json!({ "calls": calls, "dropped": log.dropped })
    }

    pub(crate) fn clear(&self) {
        let mut log = lock(&self.log);
        log.calls.clear();
        log.dropped = 0;
    }
}

impl Call {
    fn show(&self) -> Value {
        json!({
            "seq": self.seq,
            "at": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "method": self.method,
            "endpoint": self.endpoint,
            "query": self.query,
            "idempotency_key": self.idempotency_key,
            "request_expires_at": self.request_expires_at,
            "body": show_body(&self.body),
            "fault": self.fault,
            "status": self.status,
        })
    }
}

/// JSON as JSON, anything else as text.
fn show_body(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
