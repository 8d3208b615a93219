//! `kill -9`.

use crate::dice::Dice;
use crate::functions::{FUNCTIONS, Function, Target};
use crate::left::Left;
use crate::request::AddOne;
use crate::stage::Stage;
use anyhow::{Result, bail};
use std::collections::VecDeque;
use std::time::Duration;
use testkit::Working;
use tokio::time::Instant;

/// A function that nobody invokes for so long has its turn later.
const PATIENCE: Duration = Duration::from_secs(10);
/// If nothing at all could be killed so often, nothing works any more.
const MOST_MISSES: u32 = 16;
/// One of so many invocations takes longer than usual.
const FEW: usize = 10;
/// How long they take when nobody knows yet.
const AT_FIRST: Duration = Duration::from_millis(60);
/// A kill that aims at something comes so much of an invocation's time later, at most.
const LATER: u32 = 32;
const LOOK_EVERY: Duration = Duration::from_millis(1);

impl Stage {
    /// Kills one process after the other, as planned.
    pub(crate) async fn kill_as_planned(&self, plan: Vec<Target>) -> Result<()> {
        let mut dice = self.dice("kills");
        let mut plan = VecDeque::from(plan);
        let mut misses: u32 = 0;
        while let Some(target) = plan.pop_front() {
            if !self.pause(dice.millis(0..60)).await {
                return Ok(());
            }
            let is_killed = match target {
                Target::AtAnyMoment(function) => self.kill_at_any(function, &mut dice).await?,
                Target::AtStake(function) => self.kill_at_stake(function, &mut dice).await?,
                Target::Idle => self.kill_idle(&mut dice).await,
            };
            if is_killed {
                misses = 0;
                continue;
            }
            misses = misses.saturating_add(1);
            if misses > MOST_MISSES {
                bail!("nothing is at work that could be killed");
            }
            plan.push_back(target);
        }
        Ok(())
    }

    /// Kills a process of a function at a random moment of an invocation. One that ends before that
    /// moment is let go, and the next one taken.
    async fn kill_at_any(&self, function: Function, dice: &mut Dice) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.is_loading() {
            let delay = dice.micros(self.usual_duration(function.name));
            let Some(working) = self.next_at_work(function, dice).await else {
                break;
            };
            if let Some(moment) = working.since.checked_add(delay) {
                tokio::time::sleep_until(moment).await;
            }
            if self.kill(function, &working).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Kills a process of a function that has begun something, in the midst of it where it works by
    /// halves, at that moment or a little later: it may have brought it to its end by then.
    async fn kill_at_stake(&self, function: Function, dice: &mut Dice) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.is_loading() {
            let at_work = self.world.lambda.at_work(function.name);
            let mut at_stake = match at_work.is_empty() {
                true => Vec::new(),
                false => self.marks.begun_by(function, at_work).await?,
            };
            at_stake.retain(|(_, begun)| match function.works_by_halves {
                true => begun.is_half_done(),
                false => begun.is_something(),
            });
            let Some((working, _)) = dice.pick(&at_stake) else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            let later = self.usual_duration(function.name).checked_div(LATER);
            tokio::time::sleep(dice.micros(later.unwrap_or_default())).await;
            if self.kill(function, working).await? {
                self.tally().kills_at_stake.add_one();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Kills a process if it is still at work on the same, and looks at what it left behind.
    async fn kill(&self, function: Function, working: &Working) -> Result<bool> {
        let after = working.since.elapsed();
        if !self.world.lambda.kill(function.name, working).await {
            return Ok(false);
        }
        let left = self.marks.left_by(function, working).await?;
        let process = &working.application_name;
        tracing::info!(process, ?after, ?left, "killed");
        self.tally().killed(function.name, left);
        Ok(true)
    }

    /// What few invocations exceed: moments spread over it are spread over the invocations.
    pub(crate) fn usual_duration(&self, function: &str) -> Duration {
        let mut took = self.world.lambda.took(function);
        took.sort_unstable();
        let few = took.len().checked_div(FEW).unwrap_or_default();
        took.iter().rev().nth(few).copied().unwrap_or(AT_FIRST)
    }

    /// A process that was just handed an event.
    async fn next_at_work(&self, function: Function, dice: &mut Dice) -> Option<Working> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.is_loading() {
            let mut fresh = self.world.lambda.at_work(function.name);
            fresh.retain(|working| working.since >= begun);
            if let Some(working) = dice.pick(&fresh) {
                return Some(working.clone());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    }

    async fn kill_idle(&self, dice: &mut Dice) -> bool {
        let Some(function) = dice.pick(&FUNCTIONS) else {
            return false;
        };
        let is_killed = self.world.lambda.kill_idle(function.name).await;
        if is_killed {
            tracing::info!(function.name, "killed while it waited");
            self.tally().idle_kills.add_one();
        }
        is_killed
    }
}

/// How many kills left something behind, and what.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Killed {
    pub(crate) kills: u64,
    /// That left a lease, a PENDING rental or an open attempt behind.
    pub(crate) half_done: u64,
    pub(crate) lease: u64,
    pub(crate) pending: u64,
    pub(crate) open_attempt: u64,
    pub(crate) untold: u64,
    pub(crate) release: u64,
}

impl Killed {
    pub(crate) fn add(&mut self, left: Left) {
        let count = |sum: &mut u64, is_one: bool| *sum = sum.saturating_add(u64::from(is_one));
        count(&mut self.kills, true);
        count(&mut self.half_done, left.is_half_done());
        count(&mut self.lease, left.leases > 0);
        count(&mut self.pending, left.pending > 0);
        count(&mut self.open_attempt, left.open_attempts > 0);
        count(&mut self.untold, left.untold > 0);
        count(&mut self.release, left.releases > 0);
    }
}
