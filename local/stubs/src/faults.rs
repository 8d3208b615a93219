//! Faults that tests order: which requests the provider treats badly, and how.

use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::endpoint::Endpoint;
use crate::lock::lock;

const DEFAULT_DELAY_MS: u64 = 5000;

/// A fault, as `/admin/faults` takes and shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    endpoint: Endpoint,
    mode: Mode,
    status: Option<u16>,
    delay_ms: Option<u64>,
    /// How many requests it still meets; none: every one until the reset.
    times: Option<u32>,
    /// Only requests whose body carries this value.
    user_id: Option<String>,
    order_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Answers `status`, does nothing.
    Fail,
    /// Never answers, does nothing.
    Hang,
    /// Waits, then does the work and answers.
    Stall,
    /// Does the work at once, answers after the delay.
    Late,
    /// Answers 200 with something that is not JSON, does nothing.
    Garbage,
    /// Refuses what it is asked to do, and remembers that under the key.
    Refuse,
    /// Does the work, then breaks the connection.
    Lose,
    /// Breaks the connection, and does the work when a test says that late requests arrive.
    Defer,
}

/// A fault that met a request.
pub(crate) struct Hit {
    pub(crate) mode: Mode,
    pub(crate) status: StatusCode,
    pub(crate) delay: Duration,
    /// Changes when hanging requests are let go.
    pub(crate) let_go: watch::Receiver<()>,
}

/// A request that is still on its way although its caller has given up.
pub(crate) type Deferred = BoxFuture<'static, ()>;

pub(crate) struct Faults {
    /// In the order they were added, which is the order they are tried in.
    list: Mutex<Vec<Fault>>,
    let_go: watch::Sender<()>,
    /// In the order they came.
    deferred: Mutex<Vec<Deferred>>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self {
            list: Mutex::new(Vec::new()),
            let_go: watch::Sender::new(()),
            deferred: Mutex::default(),
        }
    }

    /// Keeps a request back until late ones arrive.
    pub(crate) fn defer(&self, request: Deferred) {
        lock(&self.deferred).push(request);
    }

    /// The requests that were kept back.
    pub(crate) fn take_deferred(&self) -> Vec<Deferred> {
        std::mem::take(&mut *lock(&self.deferred))
    }

    /// Says no, with the reason, to a fault that makes no sense.
    pub(crate) fn add(&self, fault: Fault) -> Result<(), String> {
        fault.check()?;
        lock(&self.list).push(fault);
        Ok(())
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.list).clone()
    }

    /// Forgets all faults and lets hanging requests go.
    pub(crate) fn reset(&self) {
        let mut list = lock(&self.list);
        list.clear();
        self.let_go.send_replace(());
    }

    /// The first fault that meets this request; it is used up by one.
    pub(crate) fn take(&self, endpoint: Endpoint, body: &[u8]) -> Option<Hit> {
        let mut list = lock(&self.list);
        let position = list.iter().position(|fault| fault.meets(endpoint, body))?;
        let fault = list.get_mut(position)?;
        let hit = fault.hit(self.let_go.subscribe());
        fault.times = fault.times.map(|times| times.saturating_sub(1));
        if fault.times == Some(0) {
            list.remove(position);
        }
        Some(hit)
    }
}

impl Fault {
    fn check(&self) -> Result<(), String> {
        if self.status.is_some() && self.mode != Mode::Fail {
            return Err("status goes with the mode fail only".to_owned());
        }
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Err("status must be from 200 to 599".to_owned());
        }
        if self.delay_ms.is_some() && !matches!(self.mode, Mode::Stall | Mode::Late) {
            return Err("delay_ms goes with the modes stall and late only".to_owned());
        }
        if self.mode == Mode::Refuse && !self.endpoint.changes_something() {
            return Err("only what changes something can be refused".to_owned());
        }
        if self.times == Some(0) {
            return Err("times must be positive".to_owned());
        }
        Ok(())
    }

    fn meets(&self, endpoint: Endpoint, body: &[u8]) -> bool {
        self.endpoint == endpoint
            && carries(body, "user_id", self.user_id.as_deref())
            && carries(body, "order_id", self.order_id.as_deref())
    }

    fn hit(&self, let_go: watch::Receiver<()>) -> Hit {
        let status = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        Hit {
            mode: self.mode,
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            delay: Duration::from_millis(self.delay_ms.unwrap_or(DEFAULT_DELAY_MS)),
            let_go,
        }
    }
}

/// Whether the JSON body has this field with this value; nothing wanted is met
/// by any body.
pub(crate) fn carries(body: &[u8], field: &str, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    serde_json::from_slice::<Value>(body)
        .is_ok_and(|body| body.get(field).and_then(Value::as_str) == Some(wanted))
}
