//! Time-outs that cost no system calls.

use std::time::Duration;

/// Shorter than any time-out of ours.
const BEAT: Duration = Duration::from_millis(200);

/// Keeps a timer that goes off before all others. tokio wakes its reactor for a timer that becomes
/// the first, even from the reactor's own thread: a write, and one more turn, for each of the half
/// dozen time-outs that a request sets and lifts again.
pub(crate) fn keep_one_first() {
    tokio::spawn(async {
        loop {
            tokio::time::sleep(BEAT).await;
        }
    });
}
