//! What a rental costs: the terms that its quote froze, and the price that follows from them.

use crate::amount::Amount;

const SECONDS_PER_HOUR: u128 = 3_600;
const SECONDS_PER_MINUTE: i64 = 60;

/// What a quote promises and its rental keeps; later changes of tariff or configs touch neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How the time turns into money.
    pub price: Price,
    /// What is held while the rental runs; zero for no hold.
    pub deposit: Amount,
    /// Whether the user may rent without a deposit that can be held.
    pub trusted: bool,
    /// Whether the free period was raised for a subscriber.
    pub has_subscription: bool,
}

/// How the seconds of a rental turn into money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Whole currency units per hour.
    price_per_hour: Amount,
    /// Minutes that cost nothing, if the rental ends within them.
    free_period_min: i32,
    /// `R_BUYOUT`: the total at which the bank is the user's.
    buyout: Amount,
}

/// Terms that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// Time does not run backwards.
    #[error("the free period of {0} minutes is negative")]
    FreePeriod(i32),
    /// A buyout at nothing would end each rental as it starts.
    #[error("the buyout amount is zero")]
    Buyout,
}

impl Price {
    /// Checks and takes a price.
    ///
    /// # Errors
    /// [`TermsError`] for a negative free period or a buyout of zero.
    pub fn new(
        price_per_hour: Amount,
        free_period_min: i32,
        buyout: Amount,
    ) -> Result<Self, TermsError> {
        if free_period_min < 0 {
            return Err(TermsError::FreePeriod(free_period_min));
        }
        if buyout.is_zero() {
            return Err(TermsError::Buyout);
        }
        Ok(Self {
            price_per_hour,
            free_period_min,
            buyout,
        })
    }

    /// Whole currency units per hour.
    #[must_use]
    pub const fn price_per_hour(self) -> Amount {
        self.price_per_hour
    }

    /// Minutes that cost nothing, if the rental ends within them.
    #[must_use]
    pub const fn free_period_min(self) -> i32 {
        self.free_period_min
    }

    /// `R_BUYOUT`: the most that a rental can cost.
    #[must_use]
    pub const fn buyout(self) -> Amount {
        self.buyout
    }

    /// The price with a free period of at least `minutes`: what a subscription gives.
    #[must_use]
    pub fn with_free_period_of_at_least(self, minutes: i32) -> Self {
        Self {
            free_period_min: self.free_period_min.max(minutes),
            ..self
        }
    }

    /// What `seconds` of rental cost: nothing within the free period; past it the whole time
    /// counts, each begun unit is charged, and the buyout is the cap.
    #[must_use]
    pub fn due_rounded_up(self, seconds: i64) -> Amount {
        if seconds <= self.free_seconds() {
            return Amount::ZERO;
        }
        // 64 bits times 64 bits fit into 128: nothing saturates.
        let uncapped = wide(self.price_per_hour.units())
            .saturating_mul(wide(seconds))
            .div_ceil(SECONDS_PER_HOUR);
        i64::try_from(uncapped)
            .ok()
            .and_then(|units| Amount::new(units).ok())
            .map_or(self.buyout, |amount| amount.min(self.buyout))
    }

    /// The first second at which at least `amount` is due; none when that never comes.
    #[must_use]
    pub fn first_second_due(self, amount: Amount) -> Option<i64> {
        if amount.is_zero() {
            return Some(0);
        }
        if self.price_per_hour.is_zero() || amount > self.buyout {
            return None;
        }
        // ceil(price * s / 3600) >= amount  <=>  s > (amount - 1) * 3600 / price
        let below = wide(amount.units())
            .saturating_sub(1)
            .saturating_mul(SECONDS_PER_HOUR);
        let last_too_early = below.checked_div(wide(self.price_per_hour.units()))?;
        let by_price = i64::try_from(last_too_early).ok()?.checked_add(1)?;
        let past_free_period = self.free_seconds().checked_add(1)?;
        Some(by_price.max(past_free_period))
    }

    fn free_seconds(self) -> i64 {
        i64::from(self.free_period_min).saturating_mul(SECONDS_PER_MINUTE)
    }
}

/// The value in 128 bits; amounts and counted seconds are never negative.
fn wide(value: i64) -> u128 {
    u128::from(value.unsigned_abs())
}
