//! The provider's clock: real time plus an offset that tests set, or a moment at which they stop it.

use std::sync::RwLock;

use chrono::{DateTime, TimeDelta, Utc};

use crate::lock;

/// A hundred years either way: far past every test, far inside chrono's range.
const OFFSET_LIMIT_SEC: i64 = 100 * 366 * 86_400;

#[derive(Default)]
pub(crate) struct Clock {
    time: RwLock<Time>,
}

#[derive(Clone, Copy)]
enum Time {
    Runs { offset_sec: i64 },
    StandsAt(DateTime<Utc>),
}

impl Default for Time {
    fn default() -> Self {
        Self::Runs { offset_sec: 0 }
    }
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the stubs stand for an outside system, which has its own clock"
    )]
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let offset_sec = match *lock::read(&self.time) {
            Time::Runs { offset_sec } => offset_sec,
            Time::StandsAt(moment) => return moment,
        };
        let real = Utc::now();
        TimeDelta::try_seconds(offset_sec)
            .and_then(|offset| real.checked_add_signed(offset))
            .unwrap_or(real)
    }

    /// None while it stands.
    pub(crate) fn offset_sec(&self) -> Option<i64> {
        match *lock::read(&self.time) {
            Time::Runs { offset_sec } => Some(offset_sec),
            Time::StandsAt(_) => None,
        }
    }

    /// Says no, with the reason, to an offset that time cannot be shifted by.
    pub(crate) fn set_offset_sec(&self, offset_sec: i64) -> Result<(), String> {
        if offset_sec
            .checked_abs()
            .is_none_or(|size| size > OFFSET_LIMIT_SEC)
        {
            return Err(format!(
                "offset_sec must lie within {OFFSET_LIMIT_SEC} seconds of now"
            ));
        }
        *lock::write(&self.time) = Time::Runs { offset_sec };
        Ok(())
    }

    /// It stands at this moment until it is set again.
    pub(crate) fn stop_at(&self, moment: DateTime<Utc>) {
        *lock::write(&self.time) = Time::StandsAt(moment);
    }
}
