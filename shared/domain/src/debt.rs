//! What a user owes after a declined charge, and when it is asked for.

use crate::Moment;
use crate::amount::{Amount, MoneyError};
use chrono::TimeDelta;

/// `DEBT_MAX_AGE_DAYS`, unless the environment says otherwise.
pub const DEFAULT_DEBT_MAX_AGE_DAYS: u32 = 30;

const FIRST_BACKOFF_SEC: i64 = 60;
const LONGEST_BACKOFF_SEC: i64 = 3_600;

/// A rental's debt: declined charges, and the dues that joined it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// Owed and not in an open attempt.
    pub amount: Amount,
    /// When it arose.
    pub opened_at: Moment,
    /// When a person last had it tried again after it grew too old.
    pub retried_at: Option<Moment>,
    /// Declined collections in a row.
    pub failures: i32,
    /// Not collected before this moment.
    pub next_try_at: Moment,
}

/// How long a debt rests after `failures` declined collections in a row: a minute, doubled by
/// each, an hour at most.
#[must_use]
pub fn backoff(failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures).unwrap_or(0);
    let seconds = 2_i64
        .checked_pow(doublings)
        .and_then(|factor| factor.checked_mul(FIRST_BACKOFF_SEC))
        .map_or(LONGEST_BACKOFF_SEC, |seconds| {
            seconds.min(LONGEST_BACKOFF_SEC)
        });
    TimeDelta::seconds(seconds)
}

impl Debt {
    /// A charge of `amount` was declined at `now`, and nothing was owed before.
    #[must_use]
    pub fn opened(amount: Amount, now: Moment) -> Self {
        Self {
            amount,
            opened_at: now,
            retried_at: None,
            failures: 0,
            next_try_at: after(now, backoff(0)),
        }
    }

    /// Whether it is so old that only a person goes on with it.
    #[must_use]
    pub fn is_left_to_a_person(&self, now: Moment, max_age: TimeDelta) -> bool {
        after(self.retried_at.unwrap_or(self.opened_at), max_age) <= now
    }

    /// New dues join without a call.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn joined_by(self, amount: Amount) -> Result<Self, MoneyError> {
        Ok(Self {
            amount: self.amount.plus(amount)?,
            ..self
        })
    }

    /// `amount` leaves: into an open attempt, or because less is due than was thought.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] when less is owed.
    pub fn lowered_by(self, amount: Amount) -> Result<Self, MoneyError> {
        Ok(Self {
            amount: self.amount.minus(amount)?,
            ..self
        })
    }

    /// A collection succeeded at `now`.
    #[must_use]
    pub fn after_success(self, now: Moment) -> Self {
        Self {
            failures: 0,
            next_try_at: after(now, backoff(0)),
            ..self
        }
    }

    /// A collection of `amount` was declined at `now` and is owed again.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn after_decline(self, amount: Amount, now: Moment) -> Result<Self, MoneyError> {
        let failures = self.failures.saturating_add(1);
        let next_try_at = after(now, backoff(failures));
        Ok(Self {
            failures,
            next_try_at,
            ..self.joined_by(amount)?
        })
    }
}

/// The moment `delay` later; the end of time stays where it is.
pub(crate) fn after(moment: Moment, delay: TimeDelta) -> Moment {
    moment.checked_add_signed(delay).unwrap_or(Moment::MAX_UTC)
}
