//! The commands.

use domain::{Amount, Moment, PowerbankId, RentalId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A command, as JSON: `{"command": "requeue", "rental_id": "rental-…", "operator": "anna"}`.
///
/// All but `show` and `worklist` name who gives it, and are recorded in the transaction of their
/// effect.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Shows a rental with everything that is known about it.
    Show {
        /// Which rental.
        rental_id: RentalId,
    },
    /// Lists what waits for a person.
    Worklist {},
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
        /// Of which rental.
        rental_id: RentalId,
        /// Which attempt: `show` tells.
        attempt_id: Uuid,
        /// What the provider did.
        outcome: KnownOutcome,
        /// Who says so.
        operator: String,
    },
    /// Says what the station did about a start that stayed unknown for so long that nobody asks any
    /// more.
    ResolveEject {
        /// Which rental.
        rental_id: RentalId,
        /// What the station did.
        outcome: EjectFound,
        /// Who says so.
        operator: String,
    },
    /// Says whether the provider holds a deposit whose hold stayed unknown for so long that nobody
    /// asks any more.
    ResolveHold {
        /// Which rental.
        rental_id: RentalId,
        /// What the provider did.
        outcome: HoldFound,
        /// Who says so.
        operator: String,
    },
    /// Has a debt collected again that grew too old: its age counts from now.
    RetryDebt {
        /// Of which rental.
        rental_id: RentalId,
        /// Who says so.
        operator: String,
    },
    /// Gives up a debt that grew too old.
    WriteOffDebt {
        /// Of which rental.
        rental_id: RentalId,
        /// How much is owed: all of it is given up, and nothing when that is not what is owed.
        amount: Amount,
        /// Who says so.
        operator: String,
        /// Why.
        reason: String,
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

/// What a person found out about an eject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum EjectFound {
    /// A power bank left the station.
    Ejected {
        /// Which one.
        powerbank_id: PowerbankId,
        /// Since when the user pays for it: not before the start was begun. From now on, where
        /// nothing is said.
        #[serde(skip_serializing_if = "Option::is_none")]
        started_at: Option<Moment>,
        /// When it came back, where it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        finished_at: Option<Moment>,
    },
    /// None did.
    NotEjected,
}

/// What a person found out about a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldFound {
    /// The provider holds the deposit.
    Held,
    /// It does not, and never did.
    NotHeld,
}
