//! Random lives, billed by the domain's rules and written down as db-billing does: they break no
//! law at any of their steps, and no amount in them can be changed unnoticed.

use crate::broken;
use crate::samples::{
    BUYOUT_SEC, active, at, billing_of, end, entry, event, order_of, release, rental_of,
};
use audit::{AttemptRow, Books, DebtRow, RefundRow, When};
use chrono::TimeDelta;
use domain::{Account, Amount, AttemptKind, Outcome, Price, Running, Tick};
use proptest::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

/// A tick, so long after the one before it.
#[derive(Clone, Copy, Debug)]
struct Step {
    pause_sec: i64,
    /// What the provider does with what it hears of for the first time.
    decision: Outcome,
    /// The answer comes back.
    is_answered: bool,
    debt_charge_step: i64,
}

/// A rental's account beside its books and a provider that remembers what it did.
struct Life {
    account: Account,
    books: Books,
    now_sec: i64,
    decisions: HashMap<Uuid, Outcome>,
    attempts: u128,
}

impl Life {
    fn begin() -> Self {
        let mut books = active();
        let billing = billing_of(&mut books);
        billing.attempts.clear();
        billing.paid = 0;
        let order = order_of(&mut books);
        order.entries.truncate(1);
        order.taken = 0;
        order.held = 500;
        let price = Price::new(amount(60), 5, amount(5_000)).unwrap();
        let running = Running {
            started_at: at(0),
            price,
        };
        let account = Account {
            running,
            finished_at: None,
            paid: Amount::ZERO,
            open: None,
            debt: None,
            refunded: Amount::ZERO,
            written_off: Amount::ZERO,
        };
        Self {
            account,
            books,
            now_sec: 0,
            decisions: HashMap::new(),
            attempts: 1_000,
        }
    }

    fn tick(&mut self, step: Step) {
        self.now_sec += step.pause_sec;
        let tick = self.at(step.debt_charge_step);
        self.attempts += 1;
        let planned = self.account.plan(&tick, Uuid::from_u128(self.attempts));
        self.write(planned.unwrap(), None, &tick);
        let Some(open) = self.account.open else {
            return;
        };
        let decision = *self.decisions.entry(open.attempt_id).or_insert_with(|| {
            if step.decision == Outcome::Succeeded {
                let order = order_of(&mut self.books);
                let cleared = entry("clear", open.attempt_id.as_u128(), open.amount.units());
                order.entries.push(cleared);
                order.taken += open.amount.units();
            }
            step.decision
        });
        self.now_sec += 1;
        let tick = self.at(step.debt_charge_step);
        let answer = if step.is_answered {
            decision
        } else {
            Outcome::Unknown
        };
        let settled = self.account.settle(answer, tick.now).unwrap();
        let status = match answer {
            Outcome::Succeeded => Some("SUCCEEDED"),
            Outcome::Declined => Some("DECLINED"),
            Outcome::Expired => Some("EXPIRED"),
            Outcome::Unknown => None,
        };
        self.write(settled, status, &tick);
    }

    fn at(&mut self, debt_charge_step: i64) -> Tick {
        let now = at(self.now_sec);
        billing_of(&mut self.books).now = now;
        rental_of(&mut self.books).now = now;
        Tick {
            now,
            grace: TimeDelta::seconds(5),
            debt_charge_step: amount(debt_charge_step),
            debt_max_age: TimeDelta::days(30),
        }
    }

    /// Billing learns now of an end that was so long ago.
    fn end(&mut self, ago_sec: i64) {
        let ended_sec = self.now_sec.saturating_sub(ago_sec).max(0);
        let (status, seconds) = if ended_sec < BUYOUT_SEC {
            ("FINISHED", ended_sec)
        } else {
            ("BUYOUT", BUYOUT_SEC)
        };
        let total = self.account.running.due_at(at(seconds)).units();
        end(&mut self.books, status, seconds, total);
        self.account.finished_at = Some(at(seconds));
        self.at(1);
        billing_of(&mut self.books).next_bill_at = Some(at(self.now_sec));
    }

    /// Writes down how the account changed.
    fn write(&mut self, after: Account, settled: Option<&str>, tick: &Tick) {
        let before = std::mem::replace(&mut self.account, after);
        let billing = billing_of(&mut self.books);
        if let Some(status) = settled {
            let row = billing.attempts.last_mut().unwrap();
            row.status = status.to_owned();
            row.settled_at = Some(tick.now);
        }
        if let (None, Some(open)) = (before.open, after.open) {
            let (kind, step) = match open.kind {
                AttemptKind::Charge => ("CHARGE", None),
                AttemptKind::Collection { step } => ("COLLECTION", Some(step.units())),
            };
            billing.attempts.push(AttemptRow {
                attempt_id: open.attempt_id,
                kind: kind.to_owned(),
                amount: open.amount.units(),
                step,
                status: "OPEN".to_owned(),
                created_at: open.created_at,
                settled_at: None,
            });
        }
        let now_sec = self.now_sec;
        if let (None, Some(debt)) = (before.debt, after.debt) {
            let opened = event("DEBT_OPENED", debt.amount.units(), now_sec);
            billing.events.push(opened);
        }
        if before.debt.is_some() && after.debt.is_none() {
            billing.events.push(event("DEBT_SETTLED", 0, now_sec));
        }
        if let Some(debt) = after.debt.or(before.debt) {
            billing.debt = Some(DebtRow {
                amount: after.debt.map_or(0, |debt| debt.amount.units()),
                failures: debt.failures,
                opened_at: debt.opened_at,
                next_try_at: debt.next_try_at,
                retried_at: debt.retried_at,
                settled_at: after.debt.is_none().then_some(tick.now),
            });
        }
        let refund = after.refunded.excess_over(before.refunded).units();
        if refund > 0 {
            billing.events.push(event("REFUND_OWED", refund, now_sec));
            billing.refunds.push(RefundRow {
                amount: refund,
                owed_at: tick.now,
            });
        }
        billing.paid = after.paid.units();
        billing.refunded = after.refunded.units();
        let next = after.next_bill_at(tick).unwrap();
        billing.next_bill_at = next.map(|moment| moment.max(tick.now));
    }

    /// Ticks until everything is paid, then gives back the hold.
    fn close(&mut self) {
        let good = Step {
            pause_sec: 3_601,
            decision: Outcome::Succeeded,
            is_answered: true,
            debt_charge_step: 1_000,
        };
        for _ in 0..10 {
            self.tick(good);
        }
        release(&mut self.books);
    }
}

fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Succeeded),
        3 => Just(Outcome::Declined),
        1 => Just(Outcome::Expired),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let pause_sec = prop_oneof![1_i64..120, 1_i64..7_200, Just(100_000)];
    (pause_sec, outcome(), prop::bool::weighted(0.8), 1_i64..200).prop_map(
        |(pause_sec, decision, is_answered, debt_charge_step)| Step {
            pause_sec,
            decision,
            is_answered,
            debt_charge_step,
        },
    )
}

/// A life up to its settled end, audited after each step.
fn lived(steps: &[Step], (ends_after, ago_sec): (usize, i64)) -> Books {
    let mut life = Life::begin();
    for (number, step) in steps.iter().enumerate() {
        life.tick(*step);
        assert_eq!(
            broken(&life.books, When::AnyMoment),
            [0; 0],
            "{:?}",
            life.books
        );
        if number == ends_after {
            life.end(ago_sec);
            assert_eq!(
                broken(&life.books, When::AnyMoment),
                [0; 0],
                "{:?}",
                life.books
            );
        }
    }
    if life.account.finished_at.is_none() {
        life.end(ago_sec);
    }
    life.close();
    for when in [When::AnyMoment, When::AtRest] {
        assert_eq!(broken(&life.books, when), [0; 0], "{:?}", life.books);
    }
    life.books
}

/// The amounts in billing's books and in the ledger, one by one.
fn amounts(books: &mut Books) -> Vec<&mut i64> {
    let billing = books.billing.as_mut().unwrap();
    let order = books.ledger.as_mut().unwrap().order.as_mut().unwrap();
    let mut amounts = vec![&mut billing.paid, &mut billing.refunded, &mut order.taken];
    // What was declined or expired moved nothing, so that only its intent knows how much it was.
    let moved = billing.attempts.iter_mut();
    let moved = moved.filter(|attempt| attempt.status == "SUCCEEDED");
    amounts.extend(moved.map(|attempt| &mut attempt.amount));
    amounts.extend(billing.refunds.iter_mut().map(|refund| &mut refund.amount));
    let clears = order.entries.iter_mut();
    let clears = clears.filter(|entry| entry.kind == "clear");
    amounts.extend(clears.map(|entry| &mut entry.amount));
    amounts
}

/// After which step a life ends, and how long before that in seconds.
fn ends(steps: usize) -> impl Strategy<Value = (usize, i64)> {
    (0..steps, prop_oneof![Just(0), 0_i64..50_000])
}

proptest! {
    #[test]
    fn a_life_by_the_rules_breaks_no_law(
        steps in prop::collection::vec(step(), 1..25),
        ends in ends(25),
    ) {
        lived(&steps, ends);
    }

    #[test]
    fn no_amount_of_a_life_is_changed_unnoticed(
        steps in prop::collection::vec(step(), 1..12),
        ends in ends(12),
        which in any::<prop::sample::Index>(),
        by in prop_oneof![-9_i64..0, 1_i64..9],
    ) {
        let mut books = lived(&steps, ends);
        let mut amounts = amounts(&mut books);
        let chosen = which.index(amounts.len());
        *amounts[chosen] += by;
        for when in [When::AnyMoment, When::AtRest] {
            prop_assert!(!broken(&books, when).is_empty(), "unnoticed: {books:?}");
        }
    }

    #[test]
    fn no_row_of_a_life_is_lost_unnoticed(
        steps in prop::collection::vec(step(), 1..12),
        ends in ends(12),
        which in any::<prop::sample::Index>(),
    ) {
        let mut books = lived(&steps, ends);
        let billing = billing_of(&mut books);
        let succeeded = billing.attempts.iter().map(|row| row.status == "SUCCEEDED");
        let kept: Vec<usize> = succeeded
            .enumerate()
            .filter_map(|(number, has_succeeded)| has_succeeded.then_some(number))
            .collect();
        let rows = kept.len() + billing.events.len();
        prop_assume!(rows > 0);
        match which.index(rows).checked_sub(kept.len()) {
            None => drop(billing.attempts.remove(kept[which.index(rows)])),
            Some(number) => drop(billing.events.remove(number)),
        }
        prop_assert!(!broken(&books, When::AtRest).is_empty(), "unnoticed: {books:?}");
    }
}
