//! A transition of a rental, as billing and every other consumer are told of it.

use crate::Moment;
use crate::amount::Amount;
use crate::ids::{PowerbankId, RentalId, StationId, UserId};
use crate::rental::{End, RentalStatus, Running, whole_seconds};
use crate::terms::{Price, TermsError};
use serde::{Deserialize, Serialize};

/// The whole rental after a transition. A newer version replaces an older one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RentalEvent {
    /// Whose transition it is.
    pub rental_id: RentalId,
    /// Counts the rental's transitions from 1.
    pub version: i64,
    /// The state it moved to.
    pub status: RentalStatus,
    /// Who rents.
    pub user_id: UserId,
    /// Where the power bank was ejected.
    pub station_id: StationId,
    /// None for a start that FAILED.
    pub powerbank_id: Option<PowerbankId>,
    /// Whole currency units per hour.
    pub price_per_hour: Amount,
    /// Minutes that cost nothing, if the rental ends within them.
    pub free_period_min: i32,
    /// `R_BUYOUT` as the quote froze it.
    pub buyout: Amount,
    /// None for a start that FAILED.
    pub started_at: Option<Moment>,
    /// None until the end.
    pub finished_at: Option<Moment>,
    /// None until the end.
    pub total_amount: Option<Amount>,
}

impl RentalEvent {
    /// The rental one transition on: ended.
    #[must_use]
    pub fn ended(self, end: End) -> Self {
        Self {
            version: self.version.saturating_add(1),
            status: end.status.into(),
            finished_at: Some(end.finished_at),
            total_amount: Some(end.total_amount),
            ..self
        }
    }

    /// Start, in whole seconds, and price; none for a start that FAILED.
    ///
    /// # Errors
    /// [`TermsError`] for terms that no quote can have frozen.
    pub fn running(&self) -> Result<Option<Running>, TermsError> {
        let price = Price::new(self.price_per_hour, self.free_period_min, self.buyout)?;
        Ok(self.started_at.map(|started_at| Running {
            started_at: whole_seconds(started_at),
            price,
        }))
    }
}
