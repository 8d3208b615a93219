//! What a hold, a clear and a release do to a user's account and an order.
//! Whole units, checked: nothing is taken in part, nothing wraps.

use serde::{Deserialize, Serialize};

/// What a user without a row has.
const OPENING_BALANCE: i64 = 100_000;

/// A user's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    /// On hold, over all of the user's orders.
    pub(crate) held: i64,
}

/// An order's sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// On hold now.
    pub(crate) held: i64,
    /// Cleared so far.
    pub(crate) taken: i64,
    /// How many holds succeeded.
    pub(crate) holds: u64,
    /// How many releases succeeded.
    pub(crate) releases: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Hold(i64),
    Clear(i64),
    Release,
}

/// What a step moved, and where from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    pub(crate) amount: i64,
    pub(crate) from_hold: i64,
    pub(crate) from_balance: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    InsufficientFunds,
    /// A sum would leave the range of whole numbers.
    OutOfRange,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            balance: OPENING_BALANCE,
            held: 0,
        }
    }
}

impl Step {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Hold(_) => "hold",
            Self::Clear(_) => "clear",
            Self::Release => "release",
        }
    }

    /// The account and the order after this step, and what it moved.
    pub(crate) fn apply(
        self,
        account: Account,
        order: Sums,
    ) -> Result<(Account, Sums, Moved), Refusal> {
        let moved = self.moves(account, order)?;
        let add = |sum: i64, part: i64| sum.checked_add(part).ok_or(Refusal::OutOfRange);
        let subtract = |sum: i64, part: i64| sum.checked_sub(part).ok_or(Refusal::OutOfRange);

        let mut account = Account {
            balance: subtract(account.balance, moved.from_balance)?,
            held: subtract(account.held, moved.from_hold)?,
        };
        let mut order = Sums {
            held: subtract(order.held, moved.from_hold)?,
            ..order
        };
        match self {
            Self::Hold(amount) => {
                account.held = add(account.held, amount)?;
                order.held = add(order.held, amount)?;
                order.holds = order.holds.saturating_add(1);
            }
            Self::Clear(amount) => order.taken = add(order.taken, amount)?,
            Self::Release => {
                account.balance = add(account.balance, moved.amount)?;
                order.releases = order.releases.saturating_add(1);
            }
        }
        Ok((account, order, moved))
    }

    /// The order's hold pays first, then the balance; what does not suffice
    /// pays nothing.
    fn moves(self, account: Account, order: Sums) -> Result<Moved, Refusal> {
        let (amount, from_hold) = match self {
            Self::Hold(amount) => (amount, 0),
            Self::Clear(amount) => (amount, amount.min(order.held)),
            Self::Release => (order.held, order.held),
        };
        let from_balance = amount.checked_sub(from_hold).ok_or(Refusal::OutOfRange)?;
        if from_balance > account.balance {
            return Err(Refusal::InsufficientFunds);
        }
        Ok(Moved {
            amount,
            from_hold,
            from_balance,
        })
    }
}
