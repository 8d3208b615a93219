//! What must hold of the books after each step, and of what each step changes in them.

use super::{Check, Resting, World, broken};
use crate::{id, owed};
use chrono::TimeDelta;
use domain::{Account, AttemptKind, Moment, OpenAttempt, Outcome, Tick};
use proptest::prelude::*;

/// `U`.
fn open(account: &Account) -> i64 {
    account.open.map_or(0, |attempt| attempt.amount.units())
}

/// `D`.
fn debt(account: &Account) -> i64 {
    account.debt.map_or(0, |debt| debt.amount.units())
}

impl World {
    pub(super) fn due(&self) -> i64 {
        let until = self.account.finished_at.unwrap_or(self.now - self.grace);
        self.account.running.due_at(until).units()
    }

    /// Whether there is a debt that has reached its greatest age.
    fn debt_is_old(&self, now: Moment) -> bool {
        self.debt
            .is_some_and(|resting| resting.since() + self.debt_max_age <= now)
    }

    pub(super) fn check_laws(&self) -> Check {
        let account = &self.account;
        let (p, u, d) = (account.paid.units(), open(account), debt(account));
        let (r, l) = (account.refunded.units(), self.provider.took);
        let w = account.written_off.units();
        let buyout = account.running.price.buyout().units();

        prop_assert!(p <= l && l <= p + u, "P {} L {} U {}", p, l, u);
        prop_assert!(account.open.is_none_or(|_| u > 0), "an attempt of nothing");
        prop_assert!(p + u + d + w <= buyout && l <= buyout, "above the buyout");
        prop_assert!(r <= p, "more is given back than was paid");
        if account.finished_at.is_none() {
            prop_assert!(p + u + d + w <= self.due(), "billed ahead of the grace");
            prop_assert_eq!(r, 0);
        } else if self.is_squared {
            prop_assert_eq!(p + u + d + w - r, self.due());
        }

        let collecting = account
            .open
            .is_some_and(|attempt| attempt.kind != AttemptKind::Charge);
        prop_assert!(owed(account) == 0 || r == 0, "both a debt and a refund");
        prop_assert!(u == 0 || r == 0, "asked for more after a refund");
        prop_assert!(w == 0 || r == 0, "both something written off and a refund");
        prop_assert!(
            d > 0 || collecting || account.debt.is_none(),
            "a debt of nothing"
        );
        prop_assert!(
            account.debt.is_none() || collecting || u == 0,
            "a charge beside a debt"
        );

        prop_assert_eq!(account.debt.is_some(), self.debt.is_some());
        if let (Some(debt), Some(resting)) = (account.debt, self.debt) {
            prop_assert_eq!(debt.opened_at, resting.opened_at);
            prop_assert_eq!(debt.retried_at, resting.retried_at);
            prop_assert_eq!(u32::try_from(debt.failures), Ok(resting.failures));
            prop_assert_eq!(debt.next_try_at, resting.until);
        }
        Ok(())
    }

    pub(super) fn check_plan(&self, before: &Account, after: &Account, tick: &Tick) -> Check {
        if before.open.is_some() {
            prop_assert_eq!(after, before, "more than asked about");
            return Ok(());
        }
        prop_assert_eq!(after.running, before.running);
        prop_assert_eq!(after.finished_at, before.finished_at);
        prop_assert_eq!(after.paid, before.paid);

        let (p, d, r) = (before.paid.units(), debt(before), before.refunded.units());
        let w = before.written_off.units();
        let due = self.due();
        let excess = (p + d + w - r - due).max(0);
        let missing = (due - (p + d + w - r)).max(0);
        let refund = after.refunded.units() - r;
        prop_assert_eq!(refund, (excess - d - w).max(0));
        let beyond_the_debt = (excess - d).max(0);
        prop_assert_eq!(after.written_off.units(), (w - beyond_the_debt).max(0));

        let owed = (d - excess).max(0) + missing;
        let expected = match self.debt {
            None => (owed > 0).then_some((AttemptKind::Charge, owed)),
            Some(resting) => {
                let step = tick.debt_charge_step;
                let is_rested = resting.until <= tick.now;
                (is_rested && !self.debt_is_old(tick.now) && owed > 0)
                    .then_some((AttemptKind::Collection { step }, owed.min(step.units())))
            }
        };
        let asked = after
            .open
            .map(|attempt| (attempt.kind, attempt.amount.units()));
        prop_assert_eq!(asked, expected);
        if let Some(attempt) = after.open {
            prop_assert_eq!(attempt.attempt_id, id(self.attempts));
            prop_assert_eq!(attempt.created_at, tick.now);
        }
        prop_assert_eq!(open(after) + debt(after), owed);
        Ok(())
    }

    pub(super) fn check_settled(
        &mut self,
        before: &Account,
        attempt: OpenAttempt,
        outcome: Outcome,
    ) -> Check {
        let after = &self.account;
        prop_assert_eq!(after.running, before.running);
        prop_assert_eq!(after.finished_at, before.finished_at);
        prop_assert_eq!(after.refunded, before.refunded);
        prop_assert_eq!(after.written_off, before.written_off);
        let is_charge = attempt.kind == AttemptKind::Charge;
        let asked = attempt.amount.units();
        let (paid, owed_again) = match outcome {
            Outcome::Unknown => {
                prop_assert_eq!(after, before);
                return Ok(());
            }
            Outcome::Succeeded => (asked, 0),
            Outcome::Expired if is_charge => (0, 0),
            Outcome::Declined | Outcome::Expired => (0, asked),
        };
        prop_assert_eq!(after.open, None);
        prop_assert_eq!(after.paid.units(), before.paid.units() + paid);
        prop_assert_eq!(debt(after), debt(before) + owed_again);

        self.is_squared &= !(outcome == Outcome::Expired && is_charge);
        let rest = |seconds| self.now + TimeDelta::seconds(seconds);
        self.debt = match (outcome, self.debt) {
            (Outcome::Declined, None) => Some(Resting {
                opened_at: self.now,
                retried_at: None,
                failures: 0,
                until: rest(60),
            }),
            (Outcome::Declined, Some(resting)) => {
                let failures = resting.failures + 1;
                let seconds = (0..failures).fold(60, |seconds, _| (seconds * 2).min(3600));
                Some(Resting {
                    failures,
                    until: rest(seconds),
                    ..resting
                })
            }
            (Outcome::Succeeded, Some(resting)) if debt(after) > 0 => Some(Resting {
                failures: 0,
                until: rest(60),
                ..resting
            }),
            (Outcome::Succeeded, _) => None,
            (_, resting) => resting,
        };
        Ok(())
    }

    /// Nothing is done before the moment, and something at it.
    pub(super) fn check_next_bill_at(&self) -> Check {
        let account = &self.account;
        let plan_at = |now| account.plan(&self.tick_at(now, 7), id(0)).map_err(broken);
        let days = TimeDelta::days(400);
        let next = account
            .next_bill_at(&self.tick_at(self.now, 7))
            .map_err(broken)?;
        let idle_for = next.map_or(days, |next| next - self.now);
        let nearly = TimeDelta::nanoseconds(1);
        for wait in [
            TimeDelta::zero(),
            idle_for / 7,
            idle_for / 2,
            idle_for - nearly,
        ] {
            if TimeDelta::zero() <= wait && wait < idle_for {
                let planned = plan_at(self.now + wait)?;
                prop_assert_eq!(planned, *account, "after {}", wait);
            }
        }
        if let Some(next) = next
            && account.open.is_none()
        {
            let then = next.max(self.now);
            let is_idle = plan_at(then)? == *account;
            prop_assert!(!is_idle || self.debt_is_old(then), "{}", then);
        }
        Ok(())
    }

    pub(super) fn check_settled_books(&self) -> Check {
        let account = &self.account;
        let (p, d, r) = (
            account.paid.units(),
            debt(account),
            account.refunded.units(),
        );
        prop_assert_eq!(account.open, None);
        prop_assert_eq!(self.provider.took, p);
        let w = account.written_off.units();
        prop_assert_eq!(p + d + w - r, self.due());
        let tick = self.tick_at(self.now, 100);
        prop_assert_eq!(account.next_bill_at(&tick), Ok(None));
        prop_assert_eq!(account.plan(&tick, id(0)), Ok(*account));
        prop_assert_eq!(d > 0, self.debt_is_old(self.now));
        let is_closed = account.finished_at.is_some() && d == 0;
        prop_assert_eq!(account.is_settled(), Ok(is_closed));
        Ok(())
    }
}
