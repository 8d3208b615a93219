//! Names of things: ours are prefixed UUIDs, those of outside systems are opaque text.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text that is none of our ids, so nothing can be known under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this system")]
pub struct UnknownId;

/// A name that no outside system gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 255 characters and no control characters")]
pub struct InvalidName;

macro_rules! our_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The id over `uuid`.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID beneath, as the databases keep it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            /// Takes the text that the id itself is written as, and no other spelling of its UUID.
            fn from_str(text: &str) -> Result<Self, UnknownId> {
                text.strip_prefix($prefix)
                    .and_then(|uuid| Uuid::try_parse(uuid).ok())
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or(UnknownId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownId;

            fn try_from(text: String) -> Result<Self, UnknownId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

macro_rules! their_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as the outside system knows it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            /// Takes 1 to 255 characters, none of them a control character.
            fn try_from(text: String) -> Result<Self, InvalidName> {
                let fits = (1..=255).contains(&text.chars().count());
                if !fits || text.chars().any(char::is_control) || text.trim().is_empty() {
                    return Err(InvalidName);
                }
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

our_id!(
    /// An offer: `quote-` and a UUID.
    QuoteId, "quote-"
);
our_id!(
    /// A rental: `rental-` and a UUID. Also the provider's `order_id`.
    RentalId, "rental-"
);
their_id!(
    /// A user, as the users system names them.
    UserId
);
their_id!(
    /// A station, as the stations system names it.
    StationId
);
their_id!(
    /// A tariff, as the tariffs system names it.
    TariffId
);
their_id!(
    /// A power bank, as the station that ejected it names it.
    PowerbankId
);
