//! Plays histories side by side, each on a thread of its own.

use crate::Arguments;
use crate::gate::Gates;
use crate::play::{Played, play};
use crate::real_time::{RealTime, on_a_clock_that_stands};
use crate::shrink::{of_seed, shrink};
use crate::tally::Tally;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Fewer say nothing about how much was played: such a run looks for a violation only.
const FLOORS_FROM: u64 = 25;
/// Every so many seeds the history is played again, and has to be the same.
const REPLAY_EVERY: u64 = 20;
/// So many histories, where there is no terminal.
const TELL_EVERY: u64 = 25;

/// Plays all histories. Whether no law was broken, and enough was played to say so.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    runtime::step::set_hook(Box::new(Gates)).map_err(|_| anyhow::anyhow!("there is a hook"))?;
    runtime::set_id_source(crate::ids::next)
        .map_err(|_| anyhow::anyhow!("there is a source of ids"))?;
    let bar = ProgressBar::new(arguments.histories);
    let style = "{elapsed_precise} {bar:30} {pos}/{len} histories, {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    bar.enable_steady_tick(Duration::from_millis(500));
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.jobs.max(1))
            .map(|_| {
                scope.spawn(|| {
                    while !failed.load(Ordering::SeqCst) {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= arguments.histories {
                            break;
                        }
                        let seed = arguments.seed.saturating_add(number);
                        let played = on_a_clock_that_stands(|real_time| {
                            one(seed, arguments, &bar, real_time)
                        })
                        .inspect_err(|_| failed.store(true, Ordering::SeqCst))?;
                        if !played.violations.is_empty() {
                            failed.store(true, Ordering::SeqCst);
                        }
                        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                        tally.merge(played.tally);
                        bar.inc(1);
                        tell(&bar, &tally, failed.load(Ordering::SeqCst));
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => {
                    failed.store(true, Ordering::SeqCst);
                    anyhow::bail!("a worker panicked")
                }
            })
    })?;
    bar.finish();
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{tally}");
    if failed.load(Ordering::SeqCst) {
        return Ok(false);
    }
    println!(
        "No law was broken. Seeds {} to {}.",
        arguments.seed,
        arguments
            .seed
            .saturating_add(arguments.histories)
            .saturating_sub(1)
    );
    let below = tally.below_the_floor();
    if arguments.histories < FLOORS_FROM {
        return Ok(true);
    }
    for sentence in &below {
        println!("Too little: {sentence}");
    }
    Ok(below.is_empty())
}

/// Shows how far it is; where there is no terminal, a line now and then.
fn tell(bar: &ProgressBar, tally: &Tally, failed: bool) {
    let faults = tally.faults_by_kind().into_iter();
    let by_kind: Vec<_> = faults
        .map(|(fault, count)| format!("{count} {fault}"))
        .collect();
    let so_far = format!(
        "{} operations, {} violations, {} faults: {}",
        tally.operations,
        u8::from(failed),
        tally.faults(),
        by_kind.join(", "),
    );
    if bar.is_hidden() && tally.histories.is_multiple_of(TELL_EVERY) {
        println!("{} histories, {so_far}", tally.histories);
    }
    bar.set_message(so_far);
}

/// Plays the history of one seed, and where it breaks a law, finds the shortest that does.
async fn one(
    seed: u64,
    arguments: &Arguments,
    bar: &ProgressBar,
    real_time: RealTime,
) -> Result<Played> {
    let history = of_seed(seed)?;
    let played = play(&history, &real_time)
        .await
        .with_context(|| format!("the history of seed {seed} cannot be played"))?;
    if arguments.trace {
        bar.suspend(|| println!("Seed {seed}:\n{}", played.trace.join("\n")));
    }
    if seed.is_multiple_of(REPLAY_EVERY) {
        let again = play(&history, &real_time).await?;
        if let Some(difference) = difference(&played.trace, &again.trace) {
            anyhow::bail!(
                "the history of seed {seed} was not played again exactly:\n  {difference}"
            );
        }
    }
    if played.violations.is_empty() {
        return Ok(played);
    }
    bar.suspend(|| {
        println!("Seed {seed} breaks a law: {}", played.violations.join("; "));
        println!("Play it again: make simulate SEED={seed} HISTORIES=1");
    });
    let tell = |length| {
        bar.set_message(format!(
            "the history of seed {seed} is made shorter: {length} operations"
        ));
    };
    let (shortest, played) = shrink(history, played, &real_time, tell).await?;
    bar.suspend(|| {
        println!("The shortest history that breaks a law:\n{shortest:#?}");
        println!("{}", played.trace.join("\n"));
    });
    Ok(played)
}

/// Where a history went differently when it was played again, how.
fn difference(once: &[String], again: &[String]) -> Option<String> {
    let length = once.len().max(again.len());
    let line = |trace: &[String], number: usize| trace.get(number).cloned().unwrap_or_default();
    let lines = |number| (line(once, number), line(again, number));
    let (once, again) = (0..length).map(lines).find(|(once, again)| once != again)?;
    Some(format!("{once}\n  {again}"))
}
