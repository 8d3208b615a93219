//! Random lives of a rental's books, beside a provider that knows what it really took.
//!
//! `P` is paid, `U` the open attempt, `D` the debt, `W` written off, `R` refunded, `L` what the
//! provider took, and `B = P + U + D + W`.

mod laws;
mod life;
mod provider;

use crate::{amount, cases, id, running, start};
use chrono::TimeDelta;
use domain::{Account, Amount, Moment, MoneyError, Price, Tick};
use life::{Call, GOOD_CALL, LOST_CALL, Life, Step, lives};
use proptest::prelude::*;
use provider::Provider;

type Check = Result<(), TestCaseError>;

/// What the model itself remembers of a debt.
#[derive(Clone, Copy, Debug)]
struct Resting {
    opened_at: Moment,
    retried_at: Option<Moment>,
    failures: u32,
    until: Moment,
}

impl Resting {
    /// From where its age counts.
    fn since(&self) -> Moment {
        self.retried_at.unwrap_or(self.opened_at)
    }
}

struct World {
    account: Account,
    provider: Provider,
    now: Moment,
    grace: TimeDelta,
    debt_max_age: TimeDelta,
    debt: Option<Resting>,
    /// The newest end was planned for while nothing was open, and nothing expired since.
    is_squared: bool,
    attempts: u128,
}

fn broken(error: MoneyError) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

impl World {
    fn new(life: &Life) -> Self {
        Self {
            account: Account {
                running: running(life.price),
                finished_at: None,
                paid: Amount::ZERO,
                open: None,
                debt: None,
                written_off: Amount::ZERO,
                refunded: Amount::ZERO,
            },
            provider: Provider::default(),
            now: start() + life.clock_ahead,
            grace: life.grace,
            debt_max_age: life.debt_max_age,
            debt: None,
            is_squared: false,
            attempts: 0,
        }
    }

    fn step(&mut self, step: &Step) -> Check {
        match *step {
            Step::Wait(span) => self.now += span,
            Step::Tick {
                debt_charge_step,
                call,
            } => self.tick(debt_charge_step, call)?,
            Step::Outage(length) => {
                self.tick(100, LOST_CALL)?;
                self.now += length;
            }
            Step::LateRequest { is_covered } => {
                if let Some(attempt) = self.account.open {
                    self.provider.hear(attempt, is_covered, self.now);
                }
            }
            Step::End { ago } => self.end(ago),
            Step::RetryDebt => self.retry_debt(),
            Step::WriteOffDebt => self.write_off_debt()?,
        }
        self.check_laws()?;
        self.check_next_bill_at()
    }

    fn end(&mut self, ago: TimeDelta) {
        let moment = match self.account.finished_at {
            None => self.now - ago,
            Some(finished_at) => finished_at - ago.abs(),
        };
        self.account.finished_at = Some(self.account.running.end_at(moment).finished_at);
        self.is_squared = false;
    }

    /// A person's word about a debt counts while nothing is open.
    fn retry_debt(&mut self) {
        if self.account.open.is_none() {
            self.account = self.account.retry_debt(self.now);
            self.debt = self.debt.map(|resting| Resting {
                retried_at: Some(self.now),
                ..resting
            });
        }
    }

    fn write_off_debt(&mut self) -> Check {
        if self.account.open.is_none() {
            let before = self.account;
            self.account = before.write_off_debt().map_err(broken)?;
            let given_up = before.debt.map_or(0, |debt| debt.amount.units());
            let written_off = before.written_off.units() + given_up;
            prop_assert_eq!(self.account.written_off.units(), written_off);
            prop_assert_eq!(self.account.debt, None);
            self.debt = None;
        }
        Ok(())
    }

    /// Intent, call, outcome; the laws hold after each.
    fn tick(&mut self, debt_charge_step: i64, call: Call) -> Check {
        self.attempts += 1;
        let tick = self.tick_at(self.now, debt_charge_step);
        let before = self.account;
        let planned = before.plan(&tick, id(self.attempts)).map_err(broken)?;
        self.check_plan(&before, &planned, &tick)?;
        self.account = planned;
        if self.account.debt.is_none() {
            self.debt = None;
        }
        self.is_squared |= before.open.is_none();
        self.check_laws()?;

        let Some(attempt) = self.account.open else {
            return Ok(());
        };
        let outcome = self.provider.called(attempt, call, self.now);
        self.now += call.takes;
        self.check_laws()?;

        let before = self.account;
        self.account = before.settle(outcome, self.now).map_err(broken)?;
        self.check_settled(&before, attempt, outcome)?;
        self.check_laws()
    }

    fn tick_at(&self, now: Moment, debt_charge_step: i64) -> Tick {
        Tick {
            now,
            grace: self.grace,
            debt_charge_step: amount(debt_charge_step),
            debt_max_age: self.debt_max_age,
        }
    }

    /// From now on every call is heard, covered and answered, and ticks come when they are due.
    fn settle_with_a_willing_provider(&mut self, most_ticks: usize) -> Check {
        for _ in 0..most_ticks {
            if self.account.open.is_none() {
                let tick = self.tick_at(self.now, 100);
                let Some(next) = self.account.next_bill_at(&tick).map_err(broken)? else {
                    return Ok(());
                };
                self.now = self.now.max(next);
            }
            self.tick(100, GOOD_CALL)?;
            self.check_next_bill_at()?;
        }
        Err(TestCaseError::fail(format!(
            "not settled after {most_ticks} ticks: {:?}",
            self.account
        )))
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn the_books_of_an_ended_rental_add_up_whatever_happened(life in lives()) {
        let mut world = World::new(&life);
        for step in &life.steps {
            world.step(step)?;
        }
        if world.account.finished_at.is_none() {
            world.end(TimeDelta::zero());
        }
        world.settle_with_a_willing_provider(100)?;
        world.check_settled_books()?;
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_rental_that_nobody_stops_is_billed_up_to_its_buyout(
        mut life in lives(),
        buyout in 1_i64..=100,
    ) {
        let (per_hour, free) = (life.price.price_per_hour(), life.price.free_period_min());
        life.price = Price::new(per_hour, free, amount(buyout)).unwrap();
        life.steps.retain(|step| !matches!(step, Step::End { .. }));
        let mut world = World::new(&life);
        for step in &life.steps {
            world.step(step)?;
        }
        world.settle_with_a_willing_provider(400)?;
        world.check_settled_books()?;
        prop_assert_eq!(world.due(), if per_hour.is_zero() { 0 } else { buyout });
    }
}
