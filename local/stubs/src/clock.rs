//! The provider's clock: real time plus an offset that tests set.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A hundred years either way: far past every test, far inside chrono's range.
const OFFSET_LIMIT_SEC: i64 = 100 * 366 * 86_400;

#[derive(Default)]
pub(crate) struct Clock {
    offset_sec: AtomicI64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the stubs stand for an outside system, which has its own clock"
    )]
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let real = Utc::now();
        TimeDelta::try_seconds(self.offset_sec())
            .and_then(|offset| real.checked_add_signed(offset))
            .unwrap_or(real)
    }

    pub(crate) fn offset_sec(&self) -> i64 {
        self.offset_sec.load(Ordering::SeqCst)
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
        self.offset_sec.store(offset_sec, Ordering::SeqCst);
        Ok(())
    }
}
