//! The provider, which knows what it really took.

use super::life::Call;
use chrono::TimeDelta;
use domain::{Moment, OpenAttempt, Outcome};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Took,
    Refused,
    RanOut,
}

/// Decides about an attempt when it first hears of it, and repeats that ever after.
#[derive(Debug, Default)]
pub(super) struct Provider {
    verdicts: HashMap<Uuid, (OpenAttempt, Verdict)>,
    /// `L`.
    pub(super) took: i64,
}

impl Provider {
    pub(super) fn hear(&mut self, attempt: OpenAttempt, is_covered: bool, now: Moment) -> Verdict {
        if let Some((known, verdict)) = self.verdicts.get(&attempt.attempt_id) {
            assert_eq!(*known, attempt, "one key, one amount");
            return *verdict;
        }
        let verdict = if now >= attempt.created_at + TimeDelta::hours(23) {
            Verdict::RanOut
        } else if is_covered {
            self.took += attempt.amount.units();
            Verdict::Took
        } else {
            Verdict::Refused
        };
        self.verdicts.insert(attempt.attempt_id, (attempt, verdict));
        verdict
    }

    pub(super) fn called(&mut self, attempt: OpenAttempt, call: Call, now: Moment) -> Outcome {
        if !call.is_heard {
            return Outcome::Unknown;
        }
        let verdict = self.hear(attempt, call.is_covered, now);
        if !call.is_answered {
            return Outcome::Unknown;
        }
        match verdict {
            Verdict::Took => Outcome::Succeeded,
            Verdict::Refused => Outcome::Declined,
            Verdict::RanOut => Outcome::Expired,
        }
    }
}
