//! Calls that move money or hardware: the intent, and what became of it.

use crate::Moment;
use crate::ids::PowerbankId;
use uuid::Uuid;

/// A call that moves money or hardware, decided and committed before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `Idempotency-Key`: one key, at most one effect.
    pub id: Uuid,
    /// `Request-Expires-At`: from this moment it is never acted on for the first time, so that
    /// asking again is a pure question.
    pub expires_at: Moment,
}

/// What the provider did with a hold, a clear or a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done: 200 with `success`.
    Succeeded,
    /// Refused, and never done later: 400 with `error`.
    Declined,
    /// Never done and never will be: the request ran out before the provider first saw it.
    Expired,
    /// Anything else. It may have happened or not, and is never rendered as either.
    Unknown,
}

/// What the station did with an eject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EjectOutcome {
    /// The power bank is in the user's hand.
    Ejected(PowerbankId),
    /// No power bank left the station.
    Refused,
    /// Never done and never will be: the request ran out before the station first saw it.
    Expired,
    /// Anything else. It may have happened or not.
    Unknown,
}
