//! The tree of processes below one of them: found, signalled, ended.
//!
//! `cargo lambda watch` puts every function into a process group of its own,
//! so a signal to one group does not reach them all; the tree does.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, ThreadKind};
use tokio::time::{Instant, sleep};

/// How often a wait looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long a killed process may take to be gone.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// One process, told apart from a later one that got the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, by the system's clock.
    pub started_at_sec: u64,
    /// Its program's name.
    pub name: String,
}

impl Process {
    /// The living process with this number.
    pub fn with_pid(pid: u32) -> Option<Self> {
        everything()
            .into_iter()
            .map(|(process, _)| process)
            .find(|process| process.pid == pid)
    }

    fn is(&self, other: &Self) -> bool {
        // The system derives the start from the boot time, which a clock
        // correction can move by a second.
        self.pid == other.pid && self.started_at_sec.abs_diff(other.started_at_sec) <= 2
    }
}

/// From now on, processes below this one whose parent dies become its own
/// children, so that they are still found (where the system can do that).
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // Without it only the orphans of orphans could be missed.
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
}

/// All living processes below `root`, which itself is not among them.
pub fn descendants(root: u32) -> Vec<Process> {
    let everything = everything();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (process, parent_of_it) in &everything {
            if *parent_of_it == Some(parent) && !found.iter().any(|known| known.is(process)) {
                parents.push(process.pid);
                found.push(process.clone());
            }
        }
    }
    found
}

/// Those of `processes` that still live.
pub fn alive(processes: &[Process]) -> Vec<Process> {
    let everything = everything();
    processes
        .iter()
        .filter(|process| everything.iter().any(|(living, _)| living.is(process)))
        .cloned()
        .collect()
}

/// Sends a signal to one process; one that is gone is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    }
}

/// Asks these processes to stop by `request`, waits up to `patience`, and
/// kills what is left of them and of the processes below them. Gives back what
/// survived even that.
pub async fn end(processes: &[Process], request: Signal, patience: Duration) -> Vec<Process> {
    let asked = alive(processes);
    let below = asked.iter().flat_map(|process| descendants(process.pid));
    let everybody: Vec<Process> = asked.iter().cloned().chain(below).collect();
    for process in &asked {
        signal(process.pid, request);
    }
    if gone(&everybody, patience).await {
        return Vec::new();
    }
    for process in alive(&everybody) {
        for below in descendants(process.pid) {
            signal(below.pid, Signal::SIGKILL);
        }
        signal(process.pid, Signal::SIGKILL);
    }
    gone(&everybody, AFTER_KILL).await;
    alive(&everybody)
}

/// Waits until none of them lives; false when `patience` ran out first.
async fn gone(processes: &[Process], patience: Duration) -> bool {
    let until = Instant::now()
        .checked_add(patience)
        .unwrap_or_else(Instant::now);
    loop {
        if alive(processes).is_empty() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Every living process with its parent's number.
fn everything() -> Vec<(Process, Option<u32>)> {
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    system.refresh_processes_specifics(
        ProcessesToUpdate::All,
        true,
        ProcessRefreshKind::nothing().without_tasks(),
    );
    system
        .processes()
        .values()
        .filter(|process| process.thread_kind() != Some(ThreadKind::Userland))
        .filter(|process| {
            !matches!(
                process.status(),
                ProcessStatus::Zombie | ProcessStatus::Dead
            )
        })
        .map(|process| {
            let this = Process {
                pid: process.pid().as_u32(),
                started_at_sec: process.start_time(),
                name: process.name().to_string_lossy().into_owned(),
            };
            (this, process.parent().map(Pid::as_u32))
        })
        .collect()
}
