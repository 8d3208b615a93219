//! Sums of money.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A sum of money in whole currency units, never negative.
///
/// There are no operators on purpose: every sum says by its method what happens at the edge.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// A sum that money cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Below zero.
    #[error("the amount {0} is negative")]
    Negative(i64),
    /// Beyond what 64 bits hold.
    #[error("the sum of amounts overflows")]
    Overflow,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest sum there is.
    pub const ONE: Self = Self(1);

    /// Takes `units` whole currency units.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] below zero.
    pub const fn new(units: i64) -> Result<Self, MoneyError> {
        if units < 0 {
            return Err(MoneyError::Negative(units));
        }
        Ok(Self(units))
    }

    /// The whole currency units.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::Overflow)
    }

    /// What is left when `other` is taken away.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] when `other` is more.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        Self::new(self.0.saturating_sub(other.0))
    }

    /// By how much this is more than `other`; zero when it is not.
    #[must_use]
    pub fn excess_over(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

impl TryFrom<i64> for Amount {
    type Error = MoneyError;

    fn try_from(units: i64) -> Result<Self, MoneyError> {
        Self::new(units)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
