//! What the clients sent and heard: whether the same key gives the same bytes, and what is theirs
//! to ask again.

use crate::choice::pick;
use crate::flow::{Invocation, Outcome};
use audit::{Law, Report};
use chrono::{DateTime, TimeDelta, Utc};
use domain::PROVIDER_MEMORY;
use runtime::api::{ApiError, Reply};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long a key is kept.
const KEY_RETENTION: TimeDelta = TimeDelta::hours(24);

#[derive(Default)]
pub(crate) struct Clients {
    quote_id: Option<String>,
    earlier_quotes: Vec<String>,
    /// By key, in the order in which they were first sent.
    starts: BTreeMap<String, Sent>,
    stops: BTreeMap<String, Sent>,
}

/// A request with a key.
struct Sent {
    request: Invocation,
    /// When it was sent first.
    since: DateTime<Utc>,
    /// The first final answer.
    answer: Option<Reply>,
}

impl Clients {
    /// The quote that came last, once.
    pub(crate) fn take_quote(&mut self) -> Option<String> {
        self.quote_id.take()
    }

    /// One that something was started by, or was tried to be.
    pub(crate) fn earlier_quote(&self, choice: usize) -> Option<String> {
        pick(&self.earlier_quotes, choice).cloned()
    }

    pub(crate) fn key_of_a_start(&self, choice: usize) -> Option<String> {
        self.starts
            .keys()
            .nth(choice.checked_rem(self.starts.len())?)
            .cloned()
    }

    /// A start that was never answered for good.
    pub(crate) fn unanswered_start(&self, choice: usize) -> Option<Invocation> {
        let unanswered: Vec<_> = self
            .starts
            .values()
            .filter(|sent| sent.answer.is_none())
            .collect();
        pick(&unanswered, choice).map(|sent| sent.request.clone())
    }

    pub(crate) fn start(&self, choice: usize) -> Option<Invocation> {
        nth(&self.starts, choice)
    }

    pub(crate) fn stop(&self, choice: usize) -> Option<Invocation> {
        nth(&self.stops, choice)
    }

    /// What was never answered for good.
    pub(crate) fn unanswered(&self) -> Vec<Invocation> {
        let all = self.starts.values().chain(self.stops.values());
        all.filter(|sent| sent.answer.is_none())
            .map(|sent| sent.request.clone())
            .collect()
    }

    /// Notes a request that is sent with a key.
    pub(crate) fn sends(&mut self, invocation: &Invocation, now: DateTime<Utc>) {
        let (sent, key) = match invocation {
            Invocation::Start { key, .. } => (&mut self.starts, key),
            Invocation::Stop { key, .. } => (&mut self.stops, key),
            _ => return,
        };
        let first = || Sent {
            request: invocation.clone(),
            since: now,
            answer: None,
        };
        let sent = sent.entry(key.clone()).or_insert_with(first);
        if sent.is_forgotten(now) {
            *sent = first();
        }
    }

    /// Whether it repeats a start so late that nobody outside is asked about it any more: it fails
    /// until a person decides what became of it.
    pub(crate) fn comes_too_late(&self, invocation: &Invocation, now: DateTime<Utc>) -> bool {
        let Invocation::Start { key, .. } = invocation else {
            return false;
        };
        let sent = self.starts.get(key);
        sent.is_some_and(|sent| now.signed_duration_since(sent.since) >= PROVIDER_MEMORY)
    }

    /// Notes what came of an invocation that was sent at `sent_at`, and judges it.
    pub(crate) fn hear(
        &mut self,
        invocation: &Invocation,
        sent_at: DateTime<Utc>,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Report {
        let mut report = Report::default();
        match (invocation, outcome) {
            (Invocation::Quote { .. }, Outcome::Answered(reply)) => {
                let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
                let quote_id = body.get("quote_id").and_then(Value::as_str);
                self.quote_id = quote_id.map(str::to_owned);
                self.earlier_quotes.extend(self.quote_id.clone());
            }
            (Invocation::Start { key, .. }, Outcome::Answered(reply)) => {
                let sent = kept(self.starts.get_mut(key), sent_at, now);
                judge(sent, invocation, reply, &mut report);
            }
            (Invocation::Stop { key, .. }, Outcome::Answered(reply)) => {
                let sent = kept(self.stops.get_mut(key), sent_at, now);
                judge(sent, invocation, reply, &mut report);
            }
            _ => {}
        }
        report
    }
}

impl Sent {
    fn is_forgotten(&self, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(self.since) >= KEY_RETENTION
    }
}

/// The key's use to which an answer belongs, as long as it is kept. What was sent in an earlier use
/// of the key, a day ago, and is answered only now, belongs to none.
fn kept(sent: Option<&mut Sent>, sent_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<&mut Sent> {
    sent.filter(|sent| sent.since <= sent_at && !sent.is_forgotten(now))
}

/// The same key gives the same bytes, and to another request none.
fn judge(sent: Option<&mut Sent>, request: &Invocation, reply: Reply, report: &mut Report) {
    let Some(sent) = sent else { return };
    if sent.request != *request {
        // The key of a start that came to nothing is free again.
        if sent.answer.is_some() && ![422, 503].contains(&reply.status) {
            let what = format!("its key was used for {:?}: {reply:?}", sent.request);
            report.violate(Law::Answers, format!("{request:?}"), what);
        }
        return;
    }
    match &sent.answer {
        Some(before) if *before == reply => report.record(Law::Answers, 1),
        // It could not even look.
        Some(_) if reply.status == 503 => {}
        Some(before) => {
            let what = format!("{before:?} became {reply:?}");
            report.violate(Law::Answers, format!("{:?}", sent.request), what);
        }
        None if is_final(&reply) => sent.answer = Some(reply),
        None => {}
    }
}

/// Answers that are kept under their key.
fn is_final(reply: &Reply) -> bool {
    match reply.status {
        200 | 402 => true,
        409 => *reply == ApiError::EjectFailed.reply(),
        _ => false,
    }
}

fn nth(sent: &BTreeMap<String, Sent>, choice: usize) -> Option<Invocation> {
    let number = choice.checked_rem(sent.len())?;
    sent.values().nth(number).map(|sent| sent.request.clone())
}
