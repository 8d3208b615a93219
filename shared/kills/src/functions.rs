//! The functions, and how often each is killed, and when.

use crate::dice::Dice;

/// What a run knows of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Of 100 kills, so many hit it at any moment of its work. What only reads leaves nothing
    /// behind: it is killed to see that, and rarely.
    at_any_moment: usize,
    /// Of 100 kills, so many hit it while something that it began is at stake.
    at_stake: usize,
    /// Whether most of its work lies between an intent and its outcome: it is killed there. Others
    /// leave nothing behind but rows that are still to be told, or now and then.
    pub(crate) works_by_halves: bool,
    /// The states to which it moves rentals and of which it tells billing itself, in the same
    /// invocation. A row of another transition waits for reconcile in any case.
    pub(crate) tells_of: &'static [&'static str],
}

const fn function(
    name: &'static str,
    at_any_moment: usize,
    at_stake: usize,
    works_by_halves: bool,
    tells_of: &'static [&'static str],
) -> Function {
    Function {
        name,
        at_any_moment,
        at_stake,
        works_by_halves,
        tells_of,
    }
}

const ENDED: &[&str] = &["FINISHED", "BUYOUT"];

/// All of them.
pub(crate) const FUNCTIONS: [Function; 8] = [
    function("start", 5, 34, true, &["ACTIVE"]),
    function("billing-tick", 4, 34, true, &[]),
    function("reconcile", 2, 8, false, &["ACTIVE", "FINISHED", "BUYOUT"]),
    function("stop", 1, 5, false, ENDED),
    function("operator", 1, 1, false, ENDED),
    function("quote", 1, 0, false, &[]),
    function("status", 1, 0, false, &[]),
    function("health", 1, 0, false, &[]),
];

/// Of 100 kills, so many hit a process that waits for work.
const IDLE: usize = 2;

/// Whom a kill is to hit, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A process of this function at any moment of its work.
    AtAnyMoment(Function),
    /// A process of this function that has begun something and not brought it to its end.
    AtStake(Function),
    /// A process that waits for work.
    Idle,
}

/// Whom each of so many kills is to hit, in random order; each function at least once.
pub(crate) fn plan(kills: u64, dice: &mut Dice) -> Vec<Target> {
    let mut plan: Vec<Target> = FUNCTIONS.map(Target::AtAnyMoment).to_vec();
    let mut hundred: Vec<Target> = Vec::new();
    for function in FUNCTIONS {
        let at_any_moment = Target::AtAnyMoment(function);
        hundred.extend(std::iter::repeat_n(at_any_moment, function.at_any_moment));
        let at_stake = Target::AtStake(function);
        hundred.extend(std::iter::repeat_n(at_stake, function.at_stake));
    }
    hundred.extend(std::iter::repeat_n(Target::Idle, IDLE));
    // A hundred at a time, so that a short run comes near to the shares, too.
    let kills = usize::try_from(kills).unwrap_or(usize::MAX);
    while plan.len() < kills {
        dice.shuffle(&mut hundred);
        let missing = kills.saturating_sub(plan.len());
        plan.extend(hundred.iter().take(missing));
    }
    plan.truncate(kills);
    dice.shuffle(&mut plan);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_function_there_is_is_killed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
        let there_are: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let are_killed = FUNCTIONS.map(|function| function.name.to_owned());
        assert_eq!(BTreeSet::from(are_killed), there_are);
    }

    #[test]
    fn a_short_plan_has_each_function_and_a_hundred_have_the_shares() {
        let plan = plan(108, &mut Dice::new(1, 1));
        assert_eq!(plan.len(), 108);
        for function in FUNCTIONS {
            let count = |target| plan.iter().filter(|planned| **planned == target).count();
            let at_any_moment = count(Target::AtAnyMoment(function));
            assert_eq!(at_any_moment, function.at_any_moment + 1);
            assert_eq!(count(Target::AtStake(function)), function.at_stake);
        }
        assert_eq!(super::plan(3, &mut Dice::new(1, 1)).len(), 3);
    }
}
