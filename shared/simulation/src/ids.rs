//! Ids from a seed: the same history makes the same ones.

use std::cell::Cell;
use uuid::{Builder, Uuid};

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// The source of this process's ids; each thread, which plays one history at a time, counts alone.
pub(crate) fn next() -> Uuid {
    let number = MADE.get().saturating_add(1);
    MADE.set(number);
    // Version 7, as in production: ids made later sort later.
    Builder::from_unix_timestamp_millis(number, &[0; 10]).into_uuid()
}

/// A new history begins on this thread.
pub(crate) fn begin() {
    MADE.set(0);
}
