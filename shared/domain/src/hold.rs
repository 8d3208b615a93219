//! The life of a deposit's hold.

use crate::rental::UnknownStatus;
use serde::Serialize;
use std::str::FromStr;

/// Where a rental's hold stands. Its intent and its outcome live on the rental.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HoldStatus {
    /// Never asked for: the deposit is zero, or the last request ran out unheard.
    None,
    /// The intent is committed; what the provider did is not known.
    Requested,
    /// The provider holds the deposit.
    Held,
    /// The provider refused, and will not hold it later.
    Declined,
    /// The release's intent is committed; what the provider did is not known.
    Releasing,
    /// Nothing is held any more.
    Released,
}

impl HoldStatus {
    /// The one way that a hold moves.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::None, Self::Requested)
                | (Self::Requested, Self::Held | Self::Declined | Self::None)
                | (Self::Held, Self::Releasing)
                | (Self::Releasing, Self::Released)
        )
    }

    /// As the database writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Requested => "REQUESTED",
            Self::Held => "HELD",
            Self::Declined => "DECLINED",
            Self::Releasing => "RELEASING",
            Self::Released => "RELEASED",
        }
    }
}

impl FromStr for HoldStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        [
            Self::None,
            Self::Requested,
            Self::Held,
            Self::Declined,
            Self::Releasing,
            Self::Released,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}
