//! What a reconcile did, as the invocation's answer.

use db_rental::RentalBooks;
use domain::RentalId;
use serde::Serialize;
use std::fmt::Display;

/// What a reconcile did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReconcileReport {
    /// Starts whose power bank had been ejected: now ACTIVE.
    pub starts_finished: usize,
    /// Starts that are now FAILED.
    pub starts_rolled_back: usize,
    /// Starts of which the station still does not say what it did.
    pub starts_unknown: usize,
    /// Rentals written down as BUYOUT.
    pub buyouts: usize,
    /// Holds that were unknown and are known now.
    pub holds_resolved: usize,
    /// Holds released.
    pub holds_released: usize,
    /// Holds and releases of which the provider still does not say what it did.
    pub holds_unknown: usize,
    /// Transitions that billing was told of.
    pub copied: usize,
    /// Power banks reported to their station.
    pub powerbanks_returned: usize,
    /// Outbox rows that their consumer refuses, set aside for an operator.
    pub set_aside: usize,
    /// Quotes deleted, a day after they expired.
    pub quotes_purged: u64,
    /// Idempotency keys deleted, a day old.
    pub idempotency_keys_purged: u64,
    /// The tasks and the rentals that could not be dealt with, and why.
    pub failures: Vec<String>,
    /// How db-rental stands after it; none when that could not be read.
    pub books: Option<RentalBooks>,
    /// By how much db-billing's clock is ahead of db-rental's, as far as that is certain; negative
    /// when it is behind, none when one of them could not be asked.
    pub clock_skew_sec: Option<i64>,
}

impl ReconcileReport {
    /// Notes what could not be dealt with, and goes on.
    pub(crate) fn failed(&mut self, what: &str, why: &impl Display) {
        tracing::error!(what, error = %why, "it waits for the next reconcile");
        self.failures.push(format!("{what}: {why}"));
    }

    /// Notes the rental that could not be dealt with, and goes on.
    pub(crate) fn failed_at(&mut self, what: &str, rental_id: RentalId, why: &impl Display) {
        self.failed(what, &format_args!("{rental_id}: {why}"));
    }
}

/// Counts one more.
pub(crate) fn add_one(count: &mut usize) {
    *count = count.saturating_add(1);
}
