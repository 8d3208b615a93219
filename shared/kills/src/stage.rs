//! The system that is killed, and what everybody who has to do with it shares.

use crate::answers::Answers;
use crate::dice::Dice;
use crate::left::Marks;
use crate::tally::Tally;
use crate::time::Time;
use anyhow::Result;
use audit::Law;
use serde_json::json;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testkit::{Builder, World};
use tokio::sync::watch;

/// Small, so that many rentals end by it.
const BUYOUT: i64 = 200;
const TICK_SEC: u32 = 30;
const DEBT_CHARGE_STEP: i64 = 20;
/// Of one function. Enough to overlap, and few enough for two processors.
const MOST_PROCESSES: usize = 6;
const USERS: usize = 48;
/// With the tariffs of their own: [`TARIFFS`].
pub(crate) const STATIONS: [&str; 4] = [
    "station-456",
    "station-demo",
    "station-gum",
    "station-zaryadye",
];
/// Bought out after 200 s, 600 s, 2,000 s and 1,000 s. The deposits are less than the buyout, so
/// that charges are declined although money is held.
const TARIFFS: [(&str, i64, i64, i64); 4] = [
    ("tariff-demo", 3_600, 0, 50),
    ("tariff-mall", 1_200, 1, 120),
    ("tariff-1", 360, 5, 80),
    ("tariff-no-deposit", 720, 2, 0),
];
const MANY_BANKS: u64 = 100_000;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Clients rent, processes die.
    Load,
    /// What was begun comes to its end.
    Drain,
    /// It makes no sense to go on.
    Over,
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) marks: Marks,
    pub(crate) time: Time,
    pub(crate) answers: Answers,
    seed: u64,
    phase: watch::Sender<Phase>,
    tally: Mutex<Tally>,
    /// Rentals that clients know to have started.
    rented: Mutex<Vec<String>>,
}

impl Stage {
    /// A fresh system. What its functions print goes into `log`.
    pub(crate) async fn build(seed: u64, log: File) -> Result<Self> {
        let world = Builder::default()
            .env("R_BUYOUT", &BUYOUT.to_string())
            .env("BILLING_TICK_SEC", &TICK_SEC.to_string())
            .env("DEBT_CHARGE_STEP", &DEBT_CHARGE_STEP.to_string())
            .most_processes(MOST_PROCESSES)
            .log(log)
            .start()
            .await?;
        let stage = Self {
            marks: Marks::set(&world.databases).await?,
            world,
            time: Time::new(),
            answers: Answers::default(),
            seed,
            phase: watch::Sender::new(Phase::Load),
            tally: Mutex::default(),
            rented: Mutex::default(),
        };
        stage.set_up_the_outside().await?;
        Ok(stage)
    }

    async fn set_up_the_outside(&self) -> Result<()> {
        let stub = &self.world.stub;
        let configs = json!({
            "R_BUYOUT": BUYOUT,
            "BILLING_TICK_SEC": TICK_SEC,
            "DEBT_CHARGE_STEP": DEBT_CHARGE_STEP,
        });
        stub.put("/admin/configs", configs).await?;
        for (tariff, price_per_hour, free_period_min, deposit) in TARIFFS {
            let terms = json!({
                "price_per_hour": price_per_hour,
                "free_period_min": free_period_min,
                "deposit": deposit,
            });
            stub.put(&format!("/admin/tariffs/{tariff}"), terms).await?;
        }
        for station in STATIONS {
            let stock = json!({ "available_powerbanks": MANY_BANKS });
            stub.put(&format!("/admin/stations/{station}"), stock)
                .await?;
        }
        for (number, user_id) in users().enumerate() {
            let kind = number.checked_rem(8).unwrap_or_default();
            let standing = json!({
                "trusted": !matches!(kind, 1 | 2),
                "has_subscription": kind == 3,
            });
            stub.put(&format!("/admin/users/{user_id}"), standing)
                .await?;
            let balance = if has_little_money(number) {
                0
            } else {
                10_000_000
            };
            stub.set_balance(&user_id, balance).await?;
        }
        Ok(())
    }

    pub(crate) fn users() -> Vec<String> {
        users().collect()
    }

    pub(crate) fn users_of_little_money() -> Vec<String> {
        let users = users().enumerate();
        users
            .filter(|(number, _)| has_little_money(*number))
            .map(|(_, user_id)| user_id)
            .collect()
    }

    /// The choices of one task.
    pub(crate) fn dice(&self, task: impl Hash) -> Dice {
        let mut hasher = DefaultHasher::new();
        task.hash(&mut hasher);
        Dice::new(self.seed, hasher.finish())
    }

    pub(crate) fn is_loading(&self) -> bool {
        *self.phase.borrow() == Phase::Load
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    /// Waits; not longer than the load lasts. Whether it lasts still.
    pub(crate) async fn pause(&self, duration: Duration) -> bool {
        let mut phases = self.phase.subscribe();
        let ended = phases.wait_for(|phase| *phase != Phase::Load);
        // The sender lives as long as the stage.
        let _waited = tokio::time::timeout(duration, ended).await;
        self.is_loading()
    }

    /// No new rentals, faults or kills from now on.
    pub(crate) fn end_load(&self) {
        self.go_on_to(Phase::Drain);
    }

    /// A law is broken, or the run itself: there is no sense in going on.
    pub(crate) fn give_up(&self) {
        self.go_on_to(Phase::Over);
    }

    fn go_on_to(&self, next: Phase) {
        self.phase.send_if_modified(|phase| {
            let is_new = *phase != Phase::Over && *phase != next;
            if is_new {
                *phase = next;
            }
            is_new
        });
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A law was seen broken: from outside, not by an audit.
    pub(crate) fn violate(&self, law: Law, whose: &str, what: String) {
        tracing::error!(%law, whose, what, "a law is broken");
        self.tally().report.violate(law, whose, what);
        self.give_up();
    }

    pub(crate) fn rented(&self) -> MutexGuard<'_, Vec<String>> {
        self.rented.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn users() -> impl Iterator<Item = String> {
    (0..USERS).map(|number| format!("user-kills-{number}"))
}

/// Trusted ones and others.
fn has_little_money(number: usize) -> bool {
    matches!(number.checked_rem(8), Some(0 | 1 | 4))
}
