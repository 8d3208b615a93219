//! What a tick did, as the invocation's answer.

use db_billing::{AttemptStatus, BillingBooks, Change};
use domain::AttemptKind;
use serde::Serialize;

/// What a tick did. Amounts are whole currency units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TickReport {
    /// Rentals that were worked on.
    pub rentals: usize,
    /// Charges that succeeded.
    pub charges: usize,
    /// The sum of charges that succeeded.
    pub charged_amount: i64,
    /// Collections of debt that succeeded.
    pub collections: usize,
    /// The sum of collections that succeeded.
    pub collected_amount: i64,
    /// Attempts that were declined.
    pub declined: usize,
    /// Attempts whose outcome is still unknown; they are asked about again.
    pub unknown: usize,
    /// Debts that arose.
    pub debts_opened: usize,
    /// Debts of which nothing is left.
    pub debts_settled: usize,
    /// Refunds that this tick found owed.
    pub refunds_found: usize,
    /// Rentals that cannot be processed, set aside for an operator.
    pub set_aside: usize,
    /// Debts so old, or attempts unknown for so long, that only a person goes on with them.
    pub left_to_a_person: usize,
    /// Whether everything that was due is done; false when the time ran out first.
    pub nothing_left: bool,
    /// How the books stand after it; none when that could not be read.
    pub books: Option<BillingBooks>,
}

impl TickReport {
    /// Counts what was committed before the provider is called.
    pub(crate) fn count_intents(&mut self, changes: &[Change]) {
        self.rentals = self.rentals.saturating_add(changes.len());
        self.count_changes(changes);
    }

    /// Counts the provider's answers.
    pub(crate) fn count_outcomes(&mut self, changes: &[Change]) {
        self.count_changes(changes);
        for change in changes {
            let Some(attempt) = change.before.account.open else {
                continue;
            };
            let units = attempt.amount.units();
            match (change.settled, attempt.kind) {
                (Some(AttemptStatus::Succeeded), AttemptKind::Charge) => {
                    add(&mut self.charges, true);
                    self.charged_amount = self.charged_amount.saturating_add(units);
                }
                (Some(AttemptStatus::Succeeded), AttemptKind::Collection { .. }) => {
                    add(&mut self.collections, true);
                    self.collected_amount = self.collected_amount.saturating_add(units);
                }
                (Some(AttemptStatus::Declined), _) => add(&mut self.declined, true),
                (Some(AttemptStatus::Expired), _) => {}
                (None, _) => add(&mut self.unknown, true),
            }
        }
    }

    fn count_changes(&mut self, changes: &[Change]) {
        for change in changes {
            add(&mut self.debts_opened, change.debt_opened().is_some());
            add(&mut self.debts_settled, change.debt_settled());
            add(&mut self.refunds_found, !change.refund().is_zero());
            let still_owed = change.after.open.is_some() || change.after.debt.is_some();
            let is_over = change.lease.is_none() && change.next_bill_at.is_none();
            add(&mut self.left_to_a_person, still_owed && is_over);
        }
    }
}

fn add(count: &mut usize, one: bool) {
    *count = count.saturating_add(usize::from(one));
}
