//! What billing knows of one rental, what it does next, and what an outcome changes.
//!
//! In the laws of docs/ARCHITECTURE.md: `P` is `paid`, `U` the amount of `open`, `D` the debt's
//! amount, `W` is `written_off`, `R` is `refunded`, and `B = P + U + D + W`.

use crate::Moment;
use crate::amount::{Amount, MoneyError};
use crate::debt::{Debt, after};
use crate::outcome::Outcome;
use crate::rental::Running;
use chrono::TimeDelta;
use uuid::Uuid;

/// How long the provider is asked about an attempt. Providers forget keys after a day; an attempt
/// still unknown by then is left to a person.
pub const PROVIDER_MEMORY: TimeDelta = TimeDelta::hours(23);

/// Why money is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// What became due.
    Charge,
    /// A step of a debt; `step` is the `DEBT_CHARGE_STEP` that bounded it.
    Collection {
        /// The most that this attempt could ask for.
        step: Amount,
    },
}

/// An attempt whose intent is committed and whose outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Also its `Idempotency-Key`: one key, one amount, at most one effect.
    pub attempt_id: Uuid,
    /// Charge or collection.
    pub kind: AttemptKind,
    /// Always more than zero.
    pub amount: Amount,
    /// When the intent was committed.
    pub created_at: Moment,
}

impl OpenAttempt {
    /// From this moment the provider never acts on the attempt for the first time, and nobody
    /// asks again: `Request-Expires-At`.
    #[must_use]
    pub fn expires_at(&self) -> Moment {
        after(self.created_at, PROVIDER_MEMORY)
    }
}

/// The books of one rental.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Start and price.
    pub running: Running,
    /// When it ended; none while ACTIVE.
    pub finished_at: Option<Moment>,
    /// `P`: the sum of succeeded attempts.
    pub paid: Amount,
    /// `U`: at most one attempt is open.
    pub open: Option<OpenAttempt>,
    /// `D`: present from the decline that opened it until nothing of it is owed or open.
    pub debt: Option<Debt>,
    /// `W`: debt that a person gave up. It counts as billed, and nobody asks for it any more.
    pub written_off: Amount,
    /// `R`: refunds owed so far, paid out or not.
    pub refunded: Amount,
}

/// A tick: its moment, and the rules by which it bills beside the rental's own terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The database's time.
    pub now: Moment,
    /// How far billing stays behind an ACTIVE rental, so that a stop in flight is not overtaken.
    pub grace: TimeDelta,
    /// `DEBT_CHARGE_STEP`: the most that one collection asks for.
    pub debt_charge_step: Amount,
    /// `DEBT_MAX_AGE_DAYS`: past it a debt is left to a person.
    pub debt_max_age: TimeDelta,
}

impl Account {
    /// What is due by the rules: exactly the total once ended, a grace behind while ACTIVE.
    #[must_use]
    pub fn due(&self, tick: &Tick) -> Amount {
        let until = self.finished_at.unwrap_or_else(|| tick.now_less_grace());
        self.running.due_at(until)
    }

    /// Decides what this tick does before it calls the provider. An open attempt is asked about
    /// and nothing else happens; otherwise an excess is given back, what is missing is charged or
    /// joins the debt, and a rested debt is collected by one step.
    ///
    /// The account comes back with the intent in it. An attempt in `open` where none was before is
    /// new, and its row is still to be written; what `refunded` grew by was paid above the final
    /// total, and is found now. `attempt_id` is the id of the attempt, should there be a new one.
    ///
    /// # Errors
    /// [`MoneyError`] when the books cannot be added up: the rental is then set aside.
    pub fn plan(mut self, tick: &Tick, attempt_id: Uuid) -> Result<Self, MoneyError> {
        if self.open.is_some() {
            return Ok(self);
        }
        let due = self.due(tick);
        if self.finished_at.is_some() {
            self.give_back_excess(due)?;
        }
        let missing = due.excess_over(self.billed()?);
        let call = match self.debt {
            None if missing.is_zero() => None,
            None => Some((AttemptKind::Charge, missing)),
            Some(debt) => self.collect(debt.joined_by(missing)?, tick)?,
        };
        self.open = call.map(|(kind, amount)| OpenAttempt {
            attempt_id,
            kind,
            amount,
            created_at: tick.now,
        });
        Ok(self)
    }

    /// Writes the provider's answer about the open attempt into the books.
    ///
    /// # Errors
    /// [`MoneyError`] when the books cannot be added up: the rental is then set aside.
    pub fn settle(mut self, outcome: Outcome, now: Moment) -> Result<Self, MoneyError> {
        let Some(attempt) = self.open else {
            return Ok(self);
        };
        if outcome != Outcome::Unknown {
            self.open = None;
        }
        match (outcome, attempt.kind) {
            (Outcome::Unknown, _) | (Outcome::Expired, AttemptKind::Charge) => {}
            (Outcome::Succeeded, AttemptKind::Charge) => {
                self.paid = self.paid.plus(attempt.amount)?;
            }
            (Outcome::Succeeded, AttemptKind::Collection { .. }) => {
                self.paid = self.paid.plus(attempt.amount)?;
                self.debt = self
                    .debt
                    .map(|debt| debt.after_success(now))
                    .filter(|debt| !debt.amount.is_zero());
            }
            (Outcome::Declined, AttemptKind::Charge) => {
                self.debt = Some(Debt::opened(attempt.amount, now));
            }
            (Outcome::Declined, AttemptKind::Collection { .. }) => {
                self.debt = self
                    .debt
                    .map(|debt| debt.after_decline(attempt.amount, now))
                    .transpose()?;
            }
            (Outcome::Expired, AttemptKind::Collection { .. }) => {
                self.debt = self
                    .debt
                    .map(|debt| debt.joined_by(attempt.amount))
                    .transpose()?;
            }
        }
        Ok(self)
    }

    /// A person has a debt tried again that grew too old: its age counts from now.
    #[must_use]
    pub fn retry_debt(mut self, now: Moment) -> Self {
        self.debt = self.debt.map(|debt| Debt {
            retried_at: Some(now),
            ..debt
        });
        self
    }

    /// A person gives up a debt, whole. What becomes due later is asked for as ever.
    ///
    /// # Errors
    /// [`MoneyError`] when the books cannot be added up.
    pub fn write_off_debt(mut self) -> Result<Self, MoneyError> {
        self.written_off = self.written_off.plus(self.debt_amount())?;
        self.debt = None;
        Ok(self)
    }

    /// The moment before which nothing is to be done; none when nothing ever is, or when only a
    /// person can go on.
    ///
    /// # Errors
    /// [`MoneyError`] when the books cannot be added up: the rental is then set aside.
    pub fn next_bill_at(&self, tick: &Tick) -> Result<Option<Moment>, MoneyError> {
        if let Some(attempt) = self.open {
            return Ok((tick.now < attempt.expires_at()).then_some(tick.now));
        }
        let collection = self
            .debt
            .filter(|debt| tick.may_collect(debt))
            .map(|d| d.next_try_at);
        let billed = self.billed()?;
        let charge = match self.finished_at {
            Some(finished_at) => (self.running.due_at(finished_at) != billed).then_some(tick.now),
            // Past the buyout, however high, nothing more becomes due.
            None => billed
                .plus(Amount::ONE)
                .ok()
                .and_then(|more| self.running.moment_due(more))
                .map(|moment| after(moment, tick.grace)),
        };
        Ok(charge.into_iter().chain(collection).min())
    }

    /// Whether the books are closed: it ended, nothing is owed, nothing is unknown, and exactly the
    /// total is billed.
    ///
    /// # Errors
    /// [`MoneyError`] when the books cannot be added up: the rental is then set aside.
    pub fn is_settled(&self) -> Result<bool, MoneyError> {
        let Some(finished_at) = self.finished_at else {
            return Ok(false);
        };
        Ok(self.open.is_none()
            && self.debt.is_none()
            && self.billed()? == self.running.due_at(finished_at))
    }

    /// Whether the open attempt has been unknown for so long that only a person goes on with it.
    #[must_use]
    pub fn attempt_is_left_to_a_person(&self, now: Moment) -> bool {
        self.open.is_some_and(|attempt| attempt.expires_at() <= now)
    }

    /// `P + D + W - R` and, beside it, `U`: what counts as billed.
    fn billed(&self) -> Result<Amount, MoneyError> {
        let open = self.open.map_or(Amount::ZERO, |attempt| attempt.amount);
        self.paid
            .plus(open)?
            .plus(self.debt_amount())?
            .plus(self.written_off)?
            .minus(self.refunded)
    }

    /// An end that came late can find more billed than due: the excess lowers the debt first, and
    /// then what was written off; what is left of it was paid, and is owed back.
    fn give_back_excess(&mut self, due: Amount) -> Result<(), MoneyError> {
        let excess = self.billed()?.excess_over(due);
        let off_the_debt = excess.min(self.debt_amount());
        self.debt = self
            .debt
            .map(|debt| debt.lowered_by(off_the_debt))
            .transpose()?
            .filter(|debt| !debt.amount.is_zero());
        let excess = excess.excess_over(off_the_debt);
        let off_the_written_off = excess.min(self.written_off);
        self.written_off = self.written_off.minus(off_the_written_off)?;
        self.refunded = self
            .refunded
            .plus(excess.excess_over(off_the_written_off))?;
        Ok(())
    }

    /// Moves one step of a rested debt into an attempt.
    fn collect(
        &mut self,
        debt: Debt,
        tick: &Tick,
    ) -> Result<Option<(AttemptKind, Amount)>, MoneyError> {
        let step = tick.debt_charge_step;
        let amount = debt.amount.min(step);
        if tick.now < debt.next_try_at || !tick.may_collect(&debt) || amount.is_zero() {
            self.debt = Some(debt);
            return Ok(None);
        }
        self.debt = Some(debt.lowered_by(amount)?);
        Ok(Some((AttemptKind::Collection { step }, amount)))
    }

    fn debt_amount(&self) -> Amount {
        self.debt.map_or(Amount::ZERO, |debt| debt.amount)
    }
}

impl Tick {
    fn now_less_grace(&self) -> Moment {
        self.now
            .checked_sub_signed(self.grace)
            .unwrap_or(Moment::MIN_UTC)
    }

    fn may_collect(&self, debt: &Debt) -> bool {
        !debt.is_left_to_a_person(self.now, self.debt_max_age)
    }
}
