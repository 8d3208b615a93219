//! The real time that passes while the history's stands still.

use anyhow::Result;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tokio::sync::watch;

/// How often it is told that real time passes.
const TICK: Duration = Duration::from_millis(5);

/// Tells that real time passes.
#[derive(Clone)]
pub(crate) struct RealTime(watch::Receiver<u64>);

impl RealTime {
    /// Until some more of it has passed.
    pub(crate) async fn passes(&self) {
        let mut clock = self.0.clone();
        clock.mark_unchanged();
        // A clock that is gone is at the end of its history.
        drop(clock.changed().await);
    }
}

/// Does `work` in a runtime in which time moves only when it is told to.
pub(crate) fn on_a_clock_that_stands<T, Fut: Future<Output = Result<T>>>(
    work: impl FnOnce(RealTime) -> Fut,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    let (over, until_over) = channel::<()>();
    let (passed, real_time) = watch::channel(0);
    // Where nothing is left to do, tokio would move a paused clock to the next time-out, although
    // a database's answer is on its way. It does not while blocking work is under way.
    let _blocking = runtime.spawn_blocking(move || count(&until_over, &passed));
    let result = runtime.block_on(work(RealTime(real_time)));
    drop(over);
    result
}

fn count(until_over: &Receiver<()>, passed: &watch::Sender<u64>) {
    while until_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        passed.send_modify(|ticks| *ticks = ticks.saturating_add(1));
    }
}
