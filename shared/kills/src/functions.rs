//! The functions, and how often each is killed.

use crate::dice::Dice;

/// What a run knows of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Of 100 kills, about so many hit it at work. What only reads leaves nothing behind: those
    /// are killed to see that, and rarely.
    share: u64,
    /// The states to which it moves rentals and of which it tells billing itself, in the same
    /// invocation. A row of another transition waits for reconcile in any case.
    pub(crate) tells_of: &'static [&'static str],
}

const fn function(name: &'static str, share: u64, tells_of: &'static [&'static str]) -> Function {
    Function {
        name,
        share,
        tells_of,
    }
}

const ENDED: &[&str] = &["FINISHED", "BUYOUT"];

/// All of them.
pub(crate) const FUNCTIONS: [Function; 8] = [
    function("start", 36, &["ACTIVE"]),
    function("billing-tick", 32, &[]),
    function("reconcile", 12, &["ACTIVE", "FINISHED", "BUYOUT"]),
    function("stop", 9, ENDED),
    function("operator", 3, ENDED),
    function("quote", 2, &[]),
    function("status", 2, &[]),
    function("health", 1, &[]),
];

/// Of 100 kills, so many hit a process that waits for work.
const IDLE_SHARE: u64 = 3;

/// Whom a kill is to hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A process of this function while it works.
    Busy(Function),
    /// A process that waits for work.
    Idle,
}

/// Whom each of so many kills is to hit, in random order; each function at least once.
pub(crate) fn plan(kills: u64, dice: &mut Dice) -> Vec<Target> {
    let each = FUNCTIONS.map(|function| (Target::Busy(function), function.share));
    let mut plan: Vec<Target> = each.iter().map(|(target, _)| *target).collect();
    let all = each.into_iter().chain([(Target::Idle, IDLE_SHARE)]);
    // Out of the shares of 100 kills at a time, so that a short run has nearly the same.
    let mut hundred: Vec<Target> = Vec::new();
    for (target, share) in all {
        hundred.extend((0..share).map(|_| target));
    }
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
