//! Law 15: a debt is not tried before its last try and its rest: a minute, doubled by each decline
//! in a row, an hour at most. To ask again about an open attempt is no try, and neither is an
//! attempt that expired.

use crate::facts::Facts;
use crate::findings::Judge;
use chrono::{DateTime, TimeDelta, Utc};
use db_billing::audit::{AttemptRow, BillingRows};

const SHORTEST_SEC: i64 = 60;
const LONGEST_SEC: i64 = 3_600;

/// Something that decides when a debt is tried next, or a try.
enum Step<'a> {
    Opened,
    Tried(&'a AttemptRow),
    Known(&'a AttemptRow),
}

/// Until when a debt rests; unknown while nobody told of its beginning.
#[derive(Default)]
struct Rest {
    failures: i32,
    until: Option<DateTime<Utc>>,
}

impl Rest {
    fn begin(&mut self, at: DateTime<Utc>, failures: i32) {
        let mut seconds = SHORTEST_SEC;
        for _ in 0..failures {
            seconds = seconds.saturating_mul(2).min(LONGEST_SEC);
        }
        self.failures = failures;
        self.until = at.checked_add_signed(TimeDelta::seconds(seconds));
    }
}

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(billing) = facts.billing else { return };
    let tries = billing.attempts.iter().filter(|row| is_try(row)).count();
    if tries >= 2 {
        law.met();
    }
    let mut rest = Rest::default();
    for (at, step) in steps(billing) {
        match step {
            Step::Tried(attempt) => law.demand(rest.until.is_none_or(|until| until <= at), || {
                let (id, until) = (attempt.attempt_id, rest.until);
                format!("attempt {id} was made at {at}, and the debt rests until {until:?}")
            }),
            Step::Known(attempt) if attempt.status == "DECLINED" => {
                rest.begin(at, rest.failures.saturating_add(1));
            }
            Step::Opened | Step::Known(_) => rest.begin(at, 0),
        }
    }
    let owed = billing
        .debt
        .as_ref()
        .filter(|debt| debt.settled_at.is_none());
    if let (Some(debt), Some(until)) = (owed, rest.until) {
        law.demand(debt.next_try_at >= until, || {
            let next = debt.next_try_at;
            format!("the debt is tried next at {next}, and rests until {until}")
        });
        law.demand(debt.failures == rest.failures, || {
            let (kept, found) = (debt.failures, rest.failures);
            format!("{kept} declines in a row are written down, there were {found}")
        });
    }
}

/// What happened to the debt, oldest first. At one moment, what became known of an earlier try comes
/// before the try that followed from it, and a try before what became known of itself.
fn steps(billing: &BillingRows) -> Vec<(DateTime<Utc>, Step<'_>)> {
    let opened = billing
        .events
        .iter()
        .filter(|row| row.kind == "DEBT_OPENED");
    let opened = opened.map(|event| ((event.created_at, 0), Step::Opened));
    let collections = || {
        billing
            .attempts
            .iter()
            .filter(|row| row.kind == "COLLECTION")
    };
    let known = collections().filter(|row| is_try(row)).filter_map(|row| {
        let at = row.settled_at?;
        let rank = if row.created_at < at { 1 } else { 3 };
        Some(((at, rank), Step::Known(row)))
    });
    let tried = collections().map(|row| ((row.created_at, 2), Step::Tried(row)));
    let mut steps: Vec<_> = opened.chain(known).chain(tried).collect();
    steps.sort_by_key(|(order, _)| *order);
    steps
        .into_iter()
        .map(|((at, _), step)| (at, step))
        .collect()
}

fn is_try(attempt: &AttemptRow) -> bool {
    attempt.kind == "COLLECTION" && attempt.status != "EXPIRED"
}
