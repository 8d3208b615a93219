//! What a tick decides for one rental, before and after it calls the provider.

use crate::{amount, at, running};
use chrono::TimeDelta;
use criterion::Criterion;
use domain::{Account, Amount, Debt, Moment, MoneyError, Outcome, Tick};
use std::hint::black_box;
use uuid::Uuid;

/// When the 60th unit is due, and the grace is over.
const NOW: i64 = 59 * 60 + 6;

pub(crate) fn bench(criterion: &mut Criterion) {
    plans(criterion);
    settles(criterion);
    next_bills(criterion);
    criterion.bench_function(
        "all that a tick decides for a rental with a unit due",
        |b| {
            let (account, tick) = (paid_59(), tick());
            b.iter(|| charged(black_box(account), black_box(&tick)));
        },
    );
}

fn plans(criterion: &mut Criterion) {
    let tick = tick();
    let mut plan = |name, account: Account| {
        criterion.bench_function(name, |b| {
            b.iter(|| black_box(account).plan(black_box(&tick), black_box(Uuid::nil())));
        });
    };
    plan("a tick's plan to charge a unit", paid_59());
    plan(
        "a tick's plan to let a unit join a resting debt",
        owing(at(NOW)),
    );
    plan(
        "a tick's plan to collect a step of a debt",
        owing(at(NOW - 60)),
    );
}

fn settles(criterion: &mut Criterion) {
    let now = at(NOW);
    let charging = paid_59().plan(&tick(), Uuid::nil()).unwrap();
    let mut settle = |name, outcome| {
        criterion.bench_function(name, |b| {
            b.iter(|| black_box(charging).settle(black_box(outcome), black_box(now)));
        });
    };
    settle("a tick's charge that succeeded", Outcome::Succeeded);
    settle("a tick's charge that was declined", Outcome::Declined);
}

fn next_bills(criterion: &mut Criterion) {
    let tick = tick();
    let mut next_bill = |name, account: Account| {
        criterion.bench_function(name, |b| {
            b.iter(|| black_box(account).next_bill_at(black_box(&tick)));
        });
    };
    next_bill("when a tick is to come again", paid_59());
    next_bill("when a tick is to come again to a debt", owing(at(NOW)));
}

/// Plan and settle, each with the moment of the next bill: as `billing-tick` asks for them.
fn charged(
    account: Account,
    tick: &Tick,
) -> Result<(Option<Moment>, Account, Option<Moment>), MoneyError> {
    let planned = account.plan(tick, Uuid::nil())?;
    let meanwhile = planned.next_bill_at(tick)?;
    let settled = black_box(planned).settle(black_box(Outcome::Succeeded), tick.now)?;
    Ok((meanwhile, settled, settled.next_bill_at(tick)?))
}

/// ACTIVE, and paid up to its 59th unit.
fn paid_59() -> Account {
    Account {
        running: running(),
        finished_at: None,
        paid: amount(59),
        open: None,
        debt: None,
        written_off: Amount::ZERO,
        refunded: Amount::ZERO,
    }
}

/// ACTIVE, and its last 30 units are owed, since `opened_at`.
fn owing(opened_at: Moment) -> Account {
    Account {
        paid: amount(29),
        debt: Some(Debt::opened(amount(30), opened_at)),
        ..paid_59()
    }
}

fn tick() -> Tick {
    Tick {
        now: at(NOW),
        grace: TimeDelta::seconds(5),
        debt_charge_step: amount(100),
        debt_max_age: TimeDelta::days(30),
    }
}
