//! What happened, and whether it was enough to say something.

use crate::functions::FUNCTIONS;
use crate::killer::Killed;
use crate::left::Left;
use audit::{Law, Report};
use std::collections::BTreeMap;
use std::fmt;

/// Of fewer kills, half may leave nothing half done by chance.
const SHARE_FROM: u64 = 100;

/// Counts of one run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Of clients, the schedule and operators.
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    /// Because the process died.
    pub(crate) unanswered: u64,
    /// That clients were told of.
    pub(crate) starts: u64,
    pub(crate) stops: u64,
    pub(crate) idle_kills: u64,
    /// That aimed at a process which had begun something.
    pub(crate) kills_at_stake: u64,
    pub(crate) audits: u64,
    /// Of all audits of the run.
    pub(crate) report: Report,
    kills: BTreeMap<&'static str, Killed>,
}

impl Tally {
    pub(crate) fn killed(&mut self, function: &'static str, left: Left) {
        self.kills.entry(function).or_default().add(left);
    }

    /// All kills, those of processes that waited among them.
    pub(crate) fn kills(&self) -> u64 {
        let busy = self.kills.values().map(|killed| killed.kills);
        busy.fold(self.idle_kills, u64::saturating_add)
    }

    pub(crate) fn half_done(&self) -> u64 {
        let left = self.kills.values().map(|killed| killed.half_done);
        left.fold(0, u64::saturating_add)
    }

    pub(crate) fn violations(&self) -> usize {
        let Report {
            violations,
            unreadable,
            ..
        } = &self.report;
        violations.len().saturating_add(unreadable.len())
    }

    /// Why the run is no success, in sentences.
    pub(crate) fn failures(&self, planned: u64) -> Vec<String> {
        let mut failures = Vec::new();
        for violation in &self.report.violations {
            let (law, rental_id, what) = (violation.law, &violation.rental_id, &violation.what);
            failures.push(format!("{rental_id} breaks {law}: {what}"));
        }
        for named in &self.report.unreadable {
            failures.push(format!(
                "{} cannot be read: {}",
                named.rental_id, named.what
            ));
        }
        // Nothing that happened here is a reason for either.
        for named in &self.report.set_aside {
            failures.push(format!("{} is set aside: {}", named.rental_id, named.what));
        }
        for named in &self.report.left_to_a_person {
            let (rental_id, what) = (&named.rental_id, &named.what);
            failures.push(format!("{rental_id} is left to a person: {what}"));
        }
        if !failures.is_empty() {
            return failures;
        }
        let (kills, half_done) = (self.kills(), self.half_done());
        if kills < planned {
            failures.push(format!("{kills} kills, {planned} were wanted"));
        }
        if half_done == 0 || (kills >= SHARE_FROM && half_done.saturating_mul(2) < kills) {
            failures.push(format!(
                "{half_done} of {kills} kills left a lease, a PENDING rental or an open attempt \
                 behind, half of them are wanted"
            ));
        }
        for function in FUNCTIONS {
            if !self.kills.contains_key(function.name) {
                failures.push(format!("{} was never killed at work", function.name));
            }
        }
        if self.report.checked_nothing() || self.report.rentals() == 0 {
            failures.push("the audit had nothing to check".to_owned());
        }
        failures
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kills, half_done) = (self.kills(), self.half_done());
        let percent = half_done
            .saturating_mul(100)
            .checked_div(kills)
            .unwrap_or(0);
        writeln!(
            f,
            "{} requests ({} died with their process, {} were repeated), {} rentals begun, \
             {} starts and {} stops answered",
            self.requests,
            self.unanswered,
            self.retries,
            self.report.rentals(),
            self.starts,
            self.stops
        )?;
        writeln!(
            f,
            "{kills} kills, {half_done} of them ({percent} %) left a lease, a PENDING rental or an \
             open attempt behind; {} hit a process that had begun something, the others came at any \
             moment:\n",
            self.kills_at_stake
        )?;
        writeln!(
            f,
            "{:<14}{:>7}{:>11}{:>8}{:>9}{:>14}{:>12}{:>10}",
            "at work",
            "kills",
            "half done",
            "lease",
            "PENDING",
            "open attempt",
            "untold row",
            "release"
        )?;
        for (function, killed) in &self.kills {
            writeln!(
                f,
                "{function:<14}{:>7}{:>11}{:>8}{:>9}{:>14}{:>12}{:>10}",
                killed.kills,
                killed.half_done,
                killed.lease,
                killed.pending,
                killed.open_attempt,
                killed.untold,
                killed.release
            )?;
        }
        writeln!(f, "{:<14}{:>7}{:>11}", "waiting", self.idle_kills, 0)?;
        writeln!(
            f,
            "\nHow many of {} rentals met each law's premise, in {} audits; law 8 also counts the \
             answers that were compared:",
            self.report.rentals(),
            self.audits
        )?;
        for law in Law::ALL {
            writeln!(f, "{:>9}  {law}", self.report.checked(law))?;
        }
        Ok(())
    }
}
