//! The commands.

use domain::{Moment, RentalId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A command, as JSON: `{"command": "requeue", "rental_id": "rental-…", "operator": "anna"}`.
///
/// All but `show` name who gives it, and are recorded in the transaction of their effect.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Shows a rental with everything that is known about it.
    Show {
        /// Which rental.
        rental_id: RentalId,
    },
    /// Lets ticks and deliveries work again on what was set aside of a rental.
    Requeue {
        /// Which rental.
        rental_id: RentalId,
        /// Who says so.
        operator: String,
    },
    /// Ends a rental at a past moment, or moves an end to an earlier one: what was billed too
    /// much becomes a refund owed.
    Finish {
        /// Which rental.
        rental_id: RentalId,
        /// Not before the start, not in the future, and not after an end that was decided.
        finished_at: Moment,
        /// Who says so.
        operator: String,
        /// Why.
        reason: String,
    },
    /// Notes that a refund was paid out.
    MarkRefundPaid {
        /// Which refund: `show` tells.
        refund_id: Uuid,
        /// Who says so.
        operator: String,
    },
    /// Says what the provider did with an attempt that stayed unknown for so long that nobody
    /// asks any more; the provider's own books tell.
    ResolveAttempt {
        /// Which attempt: `show` tells.
        attempt_id: Uuid,
        /// What the provider did.
        outcome: KnownOutcome,
        /// Who says so.
        operator: String,
    },
}

/// What a person found out about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownOutcome {
    /// The provider took the money.
    Succeeded,
    /// It took nothing.
    Declined,
}
