//! One part of a stack: a process whose lines are shown under its name.

use std::collections::VecDeque;
use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::sleep;

use super::tree::{self, Process};
use crate::output::Output;

/// Lines kept of what a part said last.
const KEPT_LINES: usize = 40;

/// How a part is asked to stop: by it PostgreSQL does not wait for its
/// clients to leave first.
pub const STOP_REQUEST: Signal = Signal::SIGINT;

/// A process of the stack. Dropped while it lives, it is killed with all that
/// it started; `stop` is the polite way.
pub struct Part {
    name: &'static str,
    pid: u32,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

/// How a part ended that nobody had stopped.
#[derive(Debug)]
pub struct Death {
    name: &'static str,
    status: ExitStatus,
    last_lines: Vec<String>,
}

impl Part {
    /// Starts the process, in a process group of its own: Ctrl-C reaches the
    /// runner alone, which stops the parts in their order.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &'static str, mut command: Command, output: &Output) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| {
                let program = command.as_std().get_program().to_string_lossy();
                format!("{name} cannot be started ({program})")
            })?;
        let pid = child.id().context("a process without a number")?;
        let last_lines = Arc::default();
        let (says_ended, ended) = watch::channel(None);
        let part = Self {
            name,
            pid,
            last_lines: Arc::clone(&last_lines),
            ended,
        };
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(pass_on(
                name,
                stdout,
                Arc::clone(&last_lines),
                output.clone(),
            ));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(pass_on(name, stderr, last_lines, output.clone()));
        }
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                // Nobody may be listening any more.
                let _ = says_ended.send(Some(status));
            }
        });
        Ok(part)
    }

    /// The part's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process still runs.
    pub fn runs(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Waits until the process ends.
    pub async fn death(&self) -> Death {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await;
        let status = status.map_or(None, |status| *status).unwrap_or_default();
        // Its last words may still be on their way.
        sleep(Duration::from_millis(200)).await;
        let lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Death {
            name: self.name,
            status,
            last_lines: lines.iter().cloned().collect(),
        }
    }

    /// Asks the process to stop, waits up to `patience`, then kills whatever
    /// is left of it and of the processes below it. Gives back what survived.
    pub async fn stop(&self, patience: Duration) -> Vec<Process> {
        let Some(process) = Process::with_pid(self.pid).filter(|_| self.runs()) else {
            return Vec::new();
        };
        let left = tree::end(&[process], STOP_REQUEST, patience).await;
        if left.is_empty() {
            // Gone, and now also known to be.
            let _ = self.ended.clone().wait_for(Option::is_some).await;
        }
        left
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.runs() {
            for process in tree::descendants(self.pid) {
                tree::signal(process.pid, Signal::SIGKILL);
            }
            tree::signal(self.pid, Signal::SIGKILL);
        }
    }
}

impl std::error::Error for Death {}

impl fmt::Display for Death {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} ended on its own ({})",
            self.name, self.status
        )?;
        if self.last_lines.is_empty() {
            return write!(formatter, " without a word");
        }
        write!(formatter, "; the last it said:")?;
        for line in &self.last_lines {
            write!(formatter, "\n  {line}")?;
        }
        Ok(())
    }
}

async fn pass_on(
    part: &'static str,
    stream: impl AsyncRead + Unpin,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    output: Output,
) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut bytes).await {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if line.is_empty() {
            continue;
        }
        output.part_line(part, &line);
        let mut kept = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}
