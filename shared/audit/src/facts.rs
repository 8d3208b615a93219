//! What several laws ask about one rental. The letters are those of docs/ARCHITECTURE.md.

use crate::books::{Books, LedgerRows};
use crate::due::Price;
use crate::rules::{Rules, When};
use chrono::{DateTime, TimeDelta, Utc};
use db_billing::audit::{AttemptRow, BillingRows};
use db_rental::audit::RentalRows;

/// How long anybody is asked about a key: after it a person goes on.
const ASKED_ABOUT: TimeDelta = TimeDelta::hours(23);

/// A rental's books, and by which rules they are judged.
pub(crate) struct Facts<'a> {
    pub(crate) rental: Option<&'a RentalRows>,
    pub(crate) billing: Option<&'a BillingRows>,
    pub(crate) ledger: Option<&'a LedgerRows>,
    pub(crate) rental_id: &'a str,
    pub(crate) rules: Rules,
    pub(crate) when: When,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(books: &'a Books, rules: Rules, when: When) -> Self {
        Self {
            rental: books.rental.as_ref(),
            billing: books.billing.as_ref(),
            ledger: books.ledger.as_ref(),
            rental_id: &books.rental_id,
            rules,
            when,
        }
    }

    /// Whether two rounds have passed since the last fault.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.when == When::AtRest
    }

    /// Whether its books have to be closed by now if it ended: at rest, unless it was bought out so
    /// late that no tick came since.
    pub(crate) fn has_to_be_closed(&self) -> bool {
        self.is_at_rest() && !self.was_bought_out_meanwhile()
    }

    /// Whether it was bought out in the midst of the two rounds, where no fault is needed for it: a
    /// reconcile writes that down, the tick of a later slot bills it, and the reconcile after that
    /// one releases its hold.
    pub(crate) fn was_bought_out_meanwhile(&self) -> bool {
        let Some(rental) = self.rental.filter(|rental| rental.status == "BUYOUT") else {
            return false;
        };
        let Rules {
            tick_sec,
            grace_sec,
            ..
        } = self.rules;
        let until_billed = i64::from(tick_sec)
            .saturating_mul(2)
            .saturating_add(grace_sec.into());
        let newest = rental.transitions.iter().map(|row| row.created_at).max();
        newest.is_some_and(|newest| {
            rental.now.signed_duration_since(newest).num_seconds() < until_billed
        })
    }

    pub(crate) fn attempts(&self) -> &'a [AttemptRow] {
        self.billing.map_or(&[], |billing| &billing.attempts)
    }

    /// Why something of it was set aside, in the words of whoever did it.
    pub(crate) fn set_aside(&self) -> Vec<String> {
        let of_billing = self
            .billing
            .filter(|billing| billing.set_aside_at.is_some())
            .map(|billing| {
                let why = billing.set_aside_reason.as_deref().unwrap_or_default();
                format!("billing: {why}")
            });
        let of_deliveries = self
            .rental
            .iter()
            .flat_map(|rental| &rental.transitions)
            .flat_map(|transition| {
                let version = transition.version;
                let copy = transition.copy_error.as_ref();
                let back = transition.return_error.as_ref();
                let copy = copy.map(|why| format!("the copy of version {version}: {why}"));
                let back = back.map(|why| format!("the return of version {version}: {why}"));
                copy.into_iter().chain(back)
            });
        of_billing.into_iter().chain(of_deliveries).collect()
    }

    /// Whether billing cannot work on it until an operator speaks.
    pub(crate) fn billing_is_set_aside(&self) -> bool {
        self.billing.is_some_and(|row| row.set_aside_at.is_some())
    }

    /// Whether billing cannot be told of its newest version until an operator speaks. An older one
    /// that was set aside is no excuse: what is newer says all that it said.
    pub(crate) fn newest_version_is_set_aside(&self) -> bool {
        let transitions = self.rental.iter().flat_map(|rental| &rental.transitions);
        let newest = transitions.max_by_key(|row| row.version);
        newest.is_some_and(|row| row.copied_at.is_none() && row.copy_error.is_some())
    }

    /// What of it was unknown for so long that nobody asks any more.
    pub(crate) fn left_to_a_person(&self) -> Vec<String> {
        let attempts = self.attempts_left_to_a_person();
        let attempts = attempts.map(|attempt| format!("attempt {}", attempt.attempt_id));
        let mut left: Vec<String> = attempts.collect();
        if self.start_is_left_to_a_person() {
            left.push("the start".to_owned());
        }
        if self.hold_is_left_to_a_person() {
            left.push("the hold".to_owned());
        }
        left
    }

    /// The attempts that the provider is not asked about any more.
    pub(crate) fn attempts_left_to_a_person(&self) -> impl Iterator<Item = &'a AttemptRow> {
        let billing = self.billing.into_iter();
        billing.flat_map(|billing| {
            let now = billing.now;
            open(&billing.attempts).filter(move |attempt| is_over(attempt.created_at, now))
        })
    }

    /// Whether the station is not asked any more whether a power bank left it.
    pub(crate) fn start_is_left_to_a_person(&self) -> bool {
        self.rental.is_some_and(|rental| {
            rental.status == "PENDING" && ran_out(rental.eject_expires_at, rental.now)
        })
    }

    /// Whether the provider is not asked any more about the hold of a start that is over.
    pub(crate) fn hold_is_left_to_a_person(&self) -> bool {
        self.rental.is_some_and(|rental| {
            let is_unknown = rental.hold_status == "REQUESTED" && rental.status != "PENDING";
            is_unknown && ran_out(rental.hold_expires_at, rental.now)
        })
    }

    /// Whether billing knows the newest version of a rental that ended, nothing is open or owed,
    /// and exactly the total is billed: its hold has done its duty.
    pub(crate) fn is_settled(&self) -> bool {
        let (Some(rental), Some(billing)) = (self.rental, self.billing) else {
            return false;
        };
        let billed = billing.paid.saturating_add(billing.written_off);
        billing.version >= rental.version
            && is_ended(&billing.status)
            && billing.is_done()
            && Some(billed.saturating_sub(billing.refunded)) == billing.total_amount
    }
}

/// Sums and states of a rental's books.
pub(crate) trait Sums {
    fn price(&self) -> Price;
    /// `U`.
    fn open(&self) -> i128;
    /// `D`.
    fn debt(&self) -> i128;
    /// `B = P + U + D + W`.
    fn billed(&self) -> i128;
    /// Nothing is open and nothing is owed.
    fn is_done(&self) -> bool;
}

impl Sums for BillingRows {
    fn price(&self) -> Price {
        Price {
            price_per_hour: self.price_per_hour,
            free_period_min: self.free_period_min,
            buyout: self.buyout,
        }
    }

    fn open(&self) -> i128 {
        sum(open(&self.attempts).map(|attempt| attempt.amount))
    }

    fn debt(&self) -> i128 {
        let debt = self.debt.as_ref();
        debt.map_or(0, |debt| i128::from(debt.amount))
    }

    fn billed(&self) -> i128 {
        i128::from(self.paid)
            .saturating_add(self.open())
            .saturating_add(self.debt())
            .saturating_add(self.written_off.into())
    }

    fn is_done(&self) -> bool {
        let is_owed = self
            .debt
            .as_ref()
            .is_some_and(|debt| debt.settled_at.is_none());
        !is_owed && open(&self.attempts).next().is_none()
    }
}

pub(crate) fn price_of(rental: &RentalRows) -> Price {
    Price {
        price_per_hour: rental.price_per_hour,
        free_period_min: rental.free_period_min,
        buyout: rental.buyout,
    }
}

/// The attempts whose outcome is not known.
pub(crate) fn open(attempts: &[AttemptRow]) -> impl Iterator<Item = &AttemptRow> {
    attempts.iter().filter(|attempt| attempt.status == "OPEN")
}

/// `P`, attempt by attempt.
pub(crate) fn succeeded(attempts: &[AttemptRow]) -> i128 {
    let succeeded = attempts.iter().filter(|row| row.status == "SUCCEEDED");
    sum(succeeded.map(|attempt| attempt.amount))
}

pub(crate) fn sum(amounts: impl Iterator<Item = i64>) -> i128 {
    amounts.map(i128::from).fold(0, i128::saturating_add)
}

/// FINISHED or BUYOUT.
pub(crate) fn is_ended(status: &str) -> bool {
    matches!(status, "FINISHED" | "BUYOUT")
}

/// Whether nobody is asked any more about something that was intended, or ran out, at `since`.
pub(crate) fn is_over(since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    since
        .checked_add_signed(ASKED_ABOUT)
        .is_some_and(|until| until <= now)
}

fn ran_out(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    expires_at.is_some_and(|expires_at| is_over(expires_at, now))
}
