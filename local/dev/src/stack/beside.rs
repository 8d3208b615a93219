//! One life of a stack, with something done beside it.

use anyhow::{Result, bail};

use super::Stack;
use crate::output::Output;
use crate::process;
use crate::project::Project;
use crate::settings::Settings;
use crate::signals::Signals;

/// Starts a stack, does `work` beside it, and stops the stack when the work is
/// done, a part dies, or a signal comes; then there is no outcome.
///
/// # Errors
/// A sentence that says what went wrong; nothing is left running then.
pub async fn beside<T>(
    project: &Project,
    settings: &Settings,
    output: &Output,
    signals: &mut Signals,
    work: impl AsyncFnOnce() -> Result<T>,
) -> Result<Option<T>> {
    let mut stack = Stack::new(project.clone(), settings.clone(), output.clone()).await?;
    let outcome = tokio::select! {
        biased;
        _ = signals.next() => Ok(None),
        outcome = async {
            stack.start().await?;
            tokio::select! {
                biased;
                death = stack.first_death() => Err(death.into()),
                outcome = work() => outcome.map(Some),
            }
        } => outcome,
    };
    output.stop_streaming();
    let step = output.step("stopping");
    let ran = stack.processes();
    let stopped = tokio::select! {
        biased;
        _ = signals.next() => {
            drop(stack);
            bail!("killed everything at once, as the second signal asked");
        }
        stopped = stack.stop() => stopped,
    };
    let left = process::alive(&ran);
    if ran.is_empty() {
        drop(step);
    } else {
        step.done(format_args!("{} processes ended", ran.len()));
    }
    let outcome = outcome?;
    stopped?;
    if !left.is_empty() {
        bail!("these processes are left: {left:?}");
    }
    Ok(outcome)
}
