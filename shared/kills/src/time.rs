//! The world's time, which moves on in leaps.

use crate::stage::Stage;
use anyhow::Result;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// Seconds of a leap: to the next tick, past leases (20 and 25 s), free periods, the rests of debts
/// (a minute to an hour) and buyouts. The more often one is named, the more often it is made.
const LEAPS_SEC: [u64; 20] = [
    4, 12, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 45, 61, 61, 61, 130, 400, 1_000, 3_700,
];

/// In starts, one after the other.
const LONGEST_PAUSE: u32 = 8;

/// How far the world's time is ahead of the real one.
pub(crate) struct Time {
    began: Instant,
    ahead_sec: AtomicI64,
}

impl Time {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            ahead_sec: AtomicI64::new(0),
        }
    }

    /// Seconds since the run began.
    pub(crate) fn now_sec(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX);
        passed.saturating_add(self.ahead_sec.load(Ordering::SeqCst))
    }

    /// Seconds that really passed since the run began.
    pub(crate) fn elapsed_sec(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

impl Stage {
    /// Moves the time of both databases and of the provider on.
    pub(crate) async fn leap(&self, seconds: i64) -> Result<()> {
        self.world.leap(seconds).await?;
        self.time.ahead_sec.fetch_add(seconds, Ordering::SeqCst);
        tracing::info!(seconds, "time leaps");
        Ok(())
    }

    /// Moves time on, again and again; not so often that hardly a start comes to its end within its
    /// lease, however slow the machine is.
    pub(crate) async fn let_time_pass(&self) -> Result<()> {
        let mut dice = self.dice("time");
        loop {
            let longest = self.usual_duration("start").saturating_mul(LONGEST_PAUSE);
            if !self.pause(dice.micros(longest)).await {
                break;
            }
            let seconds = dice.pick(&LEAPS_SEC).copied().unwrap_or_default();
            self.leap(i64::try_from(seconds)?).await?;
        }
        Ok(())
    }
}
