//! What a person sees: one line per step while things start, then one stream
//! of lines, each prefixed with the part that said it.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::{Style, style};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

/// Writes to the terminal; clones share it.
#[derive(Clone, Default)]
pub struct Output(Arc<Shared>);

#[derive(Default)]
struct Shared {
    spinner: Mutex<Option<ProgressBar>>,
    streaming: AtomicBool,
    beside_a_command: bool,
}

/// A step under way; dropped before `done`, it leaves no line behind.
#[must_use]
pub struct Step {
    output: Output,
    what: String,
    began: Instant,
}

impl Output {
    /// Writes to stderr: stdout belongs to the command that is run.
    pub fn beside_a_command() -> Self {
        Self(Arc::new(Shared {
            beside_a_command: true,
            ..Shared::default()
        }))
    }

    /// Prints one line, or several.
    pub fn line(&self, text: impl Display) {
        let print = || {
            // A reader that went away (`| head`) is no reason to fail.
            let _ = if self.0.beside_a_command {
                writeln!(std::io::stderr().lock(), "{text}")
            } else {
                writeln!(std::io::stdout().lock(), "{text}")
            };
        };
        match &*self.spinner() {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        }
    }

    /// Begins a step that takes a while.
    pub fn step(&self, what: impl Into<String>) -> Step {
        let what = what.into();
        let spinner = ProgressBar::new_spinner();
        if let Ok(look) = ProgressStyle::with_template("  {spinner:.cyan} {msg} {elapsed:.dim}") {
            spinner.set_style(look);
        }
        spinner.set_message(what.clone());
        spinner.enable_steady_tick(Duration::from_millis(100));
        *self.spinner() = Some(spinner);
        Step {
            output: self.clone(),
            what,
            began: Instant::now(),
        }
    }

    /// From now on the parts' lines are shown as they come.
    pub fn start_streaming(&self) {
        self.0.streaming.store(true, Ordering::Relaxed);
    }

    /// From now on the parts' lines are kept to themselves.
    pub fn stop_streaming(&self) {
        self.0.streaming.store(false, Ordering::Relaxed);
    }

    /// A line that a part said.
    pub fn part_line(&self, part: &str, line: &str) {
        if self.0.streaming.load(Ordering::Relaxed) {
            self.line(format_args!("{} {line}", prefix(part)));
        }
    }

    fn spinner(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0
            .spinner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// Says what is being waited for right now.
    pub fn now(&self, text: impl Display) {
        if let Some(spinner) = &*self.output.spinner() {
            spinner.set_message(format!("{}: {text}", self.what));
        }
    }

    /// Ends the step with its line: what, how, how long it took.
    pub fn done(self, how: impl Display) {
        let took = self.began.elapsed();
        let (output, what) = (self.output.clone(), self.what.clone());
        drop(self);
        output.line(format_args!(
            "  {} {what:<18} {how} {}",
            style("✔").green(),
            style(format_args!("({took:.1?})")).dim(),
        ));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(spinner) = self.output.spinner().take() {
            spinner.finish_and_clear();
        }
    }
}

fn prefix(part: &str) -> impl Display {
    let look = match part {
        "functions" => Style::new().cyan(),
        "external-stubs" => Style::new().yellow(),
        "scheduler" => Style::new().magenta(),
        _ => Style::new().blue(),
    };
    look.apply_to(format!("{part:>14} |"))
}
