//! The life of a rental: PENDING to ACTIVE or FAILED, ACTIVE to FINISHED or BUYOUT.

use crate::Moment;
use crate::amount::Amount;
use crate::terms::Price;
use chrono::{SubsecRound, TimeDelta};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a rental stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RentalStatus {
    /// Begun: the deposit or the eject is under way. Users see 404.
    Pending,
    /// The user has the power bank.
    Active,
    /// No power bank left the station. Users see 404.
    Failed,
    /// The power bank came back.
    Finished,
    /// The total reached the buyout: the power bank is the user's.
    Buyout,
}

/// A text that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known state")]
pub struct UnknownStatus(pub String);

impl RentalStatus {
    /// The one way that states move; an operator's correction of an end is no transition.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Active | Self::Failed)
                | (Self::Active, Self::Finished | Self::Buyout)
        )
    }

    /// As the databases and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Finished => "FINISHED",
            Self::Buyout => "BUYOUT",
        }
    }
}

impl FromStr for RentalStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        [
            Self::Pending,
            Self::Active,
            Self::Failed,
            Self::Finished,
            Self::Buyout,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

impl fmt::Display for RentalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a rental ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    /// The power bank came back.
    Finished,
    /// The total reached the buyout.
    Buyout,
}

impl From<EndStatus> for RentalStatus {
    fn from(end: EndStatus) -> Self {
        match end {
            EndStatus::Finished => Self::Finished,
            EndStatus::Buyout => Self::Buyout,
        }
    }
}

/// The end of a rental: when, how, for how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Brought back, or bought out.
    pub status: EndStatus,
    /// Whole seconds.
    pub finished_at: Moment,
    /// What the whole rental costs.
    pub total_amount: Amount,
}

/// What a user sees of a rental at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// ACTIVE, FINISHED or BUYOUT.
    pub status: RentalStatus,
    /// None while ACTIVE.
    pub finished_at: Option<Moment>,
    /// What is due up to that moment.
    pub total_amount: Amount,
    /// Rounded down.
    pub duration_minutes: i64,
}

/// A rental whose time runs: when it started and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Whole seconds.
    pub started_at: Moment,
    /// The frozen price.
    pub price: Price,
}

impl Running {
    /// What is due at `moment`.
    #[must_use]
    pub fn due_at(self, moment: Moment) -> Amount {
        self.price.due_rounded_up(self.seconds_until(moment))
    }

    /// The first moment at which at least `amount` is due; none when that never comes.
    #[must_use]
    pub fn moment_due(self, amount: Amount) -> Option<Moment> {
        let seconds = self.price.first_second_due(amount)?;
        self.started_at
            .checked_add_signed(TimeDelta::try_seconds(seconds)?)
    }

    /// The moment at which the rental is bought out: known from its start, needing no observer.
    #[must_use]
    pub fn buyout_at(self) -> Option<Moment> {
        self.moment_due(self.price.buyout())
    }

    /// The end, decided at `moment`: the buyout if that came first or comes now.
    #[must_use]
    pub fn end_at(self, moment: Moment) -> End {
        match self.buyout_at() {
            Some(buyout_at) if buyout_at <= moment => End {
                status: EndStatus::Buyout,
                finished_at: buyout_at,
                total_amount: self.price.buyout(),
            },
            _ => End {
                status: EndStatus::Finished,
                finished_at: whole_seconds(moment).max(self.started_at),
                total_amount: self.due_at(moment),
            },
        }
    }

    /// What a user sees at `moment` of a rental that nobody has ended yet.
    #[must_use]
    pub fn view_at(self, moment: Moment) -> View {
        let end = self.end_at(moment);
        match end.status {
            EndStatus::Buyout => self.view_ended(end),
            EndStatus::Finished => View {
                status: RentalStatus::Active,
                finished_at: None,
                ..self.view_ended(end)
            },
        }
    }

    /// What a user sees once the rental ended with `end`.
    #[must_use]
    pub fn view_ended(self, end: End) -> View {
        View {
            status: end.status.into(),
            finished_at: Some(end.finished_at),
            total_amount: end.total_amount,
            duration_minutes: self.seconds_until(end.finished_at).div_euclid(60),
        }
    }

    /// Whole seconds since the start; a negative duration counts as none.
    fn seconds_until(self, moment: Moment) -> i64 {
        whole_seconds(moment)
            .signed_duration_since(self.started_at)
            .num_seconds()
            .max(0)
    }
}

/// The moment without its fraction of a second.
#[must_use]
pub fn whole_seconds(moment: Moment) -> Moment {
    moment.trunc_subsecs(0)
}
