//! What was played, and whether it was enough to say something.

use crate::fault::{Fault, STRIKES, Strike};
use audit::{Law, Report};
use std::collections::BTreeMap;
use std::fmt;

/// In each history.
const LEAST_OPERATIONS: u64 = 60;
/// So many histories bring every fault to every step.
const LONG_RUN: u64 = 1_000;
/// In a long run, each fault at each step at which it can strike; in a short one, each fault anywhere.
const LEAST_STRIKES: u64 = 10;
/// In a short run, anything at each step.
const LEAST_STRIKES_AT_A_STEP: u64 = 3;
/// Rentals that meet each law's premise, in a long run and in a short one.
const LEAST_PREMISES: u64 = 100;
const LEAST_PREMISES_OF_A_SHORT_RUN: u64 = 5;

/// Counts over any number of histories.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) histories: u64,
    pub(crate) operations: u64,
    /// Those of the history that had the fewest.
    least_operations: Option<u64>,
    /// Of the history at hand.
    pub(crate) report: Report,
    /// How often each law's premise was met in the histories that were merged: their rentals have
    /// the same ids, so that they are added up.
    premises: BTreeMap<Law, u64>,
    strikes: BTreeMap<Strike, u64>,
}

impl Tally {
    /// Counts an operation that did something.
    pub(crate) fn performed(&mut self, did_something: bool) {
        self.operations = self.operations.saturating_add(u64::from(did_something));
    }

    /// The history is over.
    pub(crate) fn ends_a_history(&mut self) {
        self.histories = 1;
        self.least_operations = Some(self.operations);
    }

    pub(crate) fn struck(&mut self, strike: Strike) {
        let count = self.strikes.entry(strike).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.histories = self.histories.saturating_add(other.histories);
        self.operations = self.operations.saturating_add(other.operations);
        let least = [self.least_operations, other.least_operations];
        self.least_operations = least.into_iter().flatten().min();
        for law in Law::ALL {
            let sum = self.premises.entry(law).or_default();
            *sum = sum.saturating_add(other.premises_met(law));
        }
        for (strike, count) in other.strikes {
            let sum = self.strikes.entry(strike).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// By how many rentals a law's premise was met, history by history.
    fn premises_met(&self, law: Law) -> u64 {
        let merged = self.premises.get(&law).copied().unwrap_or_default();
        merged.saturating_add(self.report.checked(law))
    }

    /// How many faults struck.
    pub(crate) fn faults(&self) -> u64 {
        self.strikes.values().sum()
    }

    /// How many faults struck, by kind.
    pub(crate) fn faults_by_kind(&self) -> BTreeMap<Fault, u64> {
        let mut kinds = BTreeMap::new();
        for (strike, count) in &self.strikes {
            let sum: &mut u64 = kinds.entry(strike.fault).or_default();
            *sum = sum.saturating_add(*count);
        }
        kinds
    }

    /// How often each fault struck, by step.
    fn strikes_by_step(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut steps: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for strike in STRIKES.iter() {
            let struck = format!("{} {}", self.strikes_of(strike), strike.fault);
            steps.entry(strike.step).or_default().push(struck);
        }
        steps
    }

    fn strikes_of(&self, strike: &Strike) -> u64 {
        self.strikes.get(strike).copied().unwrap_or_default()
    }

    /// What was too little to say something, in sentences.
    pub(crate) fn below_the_floor(&self) -> Vec<String> {
        let mut below = Vec::new();
        let operations = self.least_operations.unwrap_or_default();
        if operations < LEAST_OPERATIONS {
            below.push(format!(
                "a history had {operations} operations, {LEAST_OPERATIONS} are wanted of each"
            ));
        }
        for (what, (count, least)) in self.strikes_that_count() {
            if count < least {
                below.push(format!("{what}: {count} times, {least} are wanted"));
            }
        }
        let least = if self.histories < LONG_RUN {
            LEAST_PREMISES_OF_A_SHORT_RUN
        } else {
            LEAST_PREMISES
        };
        for law in Law::ALL {
            let met = self.premises_met(law);
            if met < least {
                below.push(format!("{law}: by {met} rentals, {least} are wanted"));
            }
        }
        below
    }

    /// How often each fault struck at each step, and should have; in a short run, each fault
    /// anywhere, and anything at each step.
    fn strikes_that_count(&self) -> BTreeMap<String, (u64, u64)> {
        let mut counts = BTreeMap::new();
        for strike in STRIKES.iter() {
            let Strike { step, fault } = strike;
            let counted = if self.histories < LONG_RUN {
                vec![
                    (fault.to_string(), LEAST_STRIKES),
                    (format!("anything at {step}"), LEAST_STRIKES_AT_A_STEP),
                ]
            } else {
                vec![(format!("{fault} at {step}"), LEAST_STRIKES)]
            };
            for (what, least) in counted {
                let (count, _) = counts.entry(what).or_insert((0_u64, least));
                *count = count.saturating_add(self.strikes_of(strike));
            }
        }
        counts
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            histories,
            operations,
            ..
        } = self;
        writeln!(
            f,
            "{histories} histories, {operations} operations, {} faults",
            self.faults()
        )?;
        for (fault, count) in self.faults_by_kind() {
            writeln!(f, "  {count:>7}  {fault}")?;
        }
        writeln!(f, "How often each fault struck at each step:")?;
        for (step, strikes) in self.strikes_by_step() {
            writeln!(f, "  {step}: {}", strikes.join(", "))?;
        }
        writeln!(f, "By how many rentals each law's premise was met:")?;
        for law in Law::ALL {
            writeln!(f, "  {:>7}  {law}", self.premises_met(law))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use audit::{Findings, Law};

    #[test]
    fn a_rental_counts_once_in_its_history_and_again_in_the_next_that_has_its_id() {
        let mut run = Tally::default();
        for _ in 0..2 {
            let mut history = Tally::default();
            for _ in 0..3 {
                let mut findings = Findings::default();
                findings.met.insert(Law::Quotes);
                history.report.add("rental-1", findings);
            }
            run.merge(history);
        }
        assert_eq!(run.premises_met(Law::Quotes), 2);
    }
}
