//! The rules of rentals and their money.
//!
//! Everything here is pure: the time, the random ids and the state come in as arguments, the new
//! state and what is to be done go out. No I/O, no clock, no async: a wall that Cargo enforces.

mod account;
mod amount;
mod debt;
mod event;
mod hold;
mod idempotency;
mod ids;
mod outcome;
mod rental;
mod terms;

pub use account::{Account, AttemptKind, OpenAttempt, PROVIDER_MEMORY, Tick};
pub use amount::{Amount, MoneyError};
pub use debt::{DEFAULT_DEBT_MAX_AGE_DAYS, Debt, backoff};
pub use event::RentalEvent;
pub use hold::HoldStatus;
pub use idempotency::{IdempotencyKey, InvalidIdempotencyKey};
pub use ids::{
    InvalidName, PowerbankId, QuoteId, RentalId, StationId, TariffId, UnknownId, UserId,
};
pub use outcome::{EjectOutcome, Intent, Outcome};
pub use rental::{End, EndStatus, RentalStatus, Running, UnknownStatus, View, whole_seconds};
pub use terms::{Price, Terms, TermsError};

/// A moment, always in UTC and always read from a database.
pub type Moment = chrono::DateTime<chrono::Utc>;
