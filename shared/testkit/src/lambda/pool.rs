//! The processes of one function, and the invocations that wait for them.

use super::process::{Launch, application_name};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

/// Longer than any function may take: a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function reported an error.
    #[error(transparent)]
    Failed(#[from] FunctionError),
    /// Its process died before it answered.
    #[error(transparent)]
    Died(#[from] Died),
}

/// The error that a function reported.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FunctionError(pub Value);

/// A process that died while it held an invocation.
#[derive(Debug, thiserror::Error)]
#[error("the process of {0} died")]
pub struct Died(pub String);

/// A process at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Working {
    /// Counts the processes of its function.
    pub instance: usize,
    /// What it works on.
    pub invocation: Uuid,
    /// When it was handed that.
    pub since: Instant,
    /// What the databases call it.
    pub application_name: String,
}

type Answer = oneshot::Sender<Result<Value, InvokeError>>;

/// How many invocations' durations are kept.
const KEPT: usize = 64;

/// The processes of one function.
pub(crate) struct Pool {
    launch: Launch,
    most: usize,
    state: Mutex<State>,
    arrived: Notify,
    died: Notify,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Uuid, Value, Answer)>,
    /// By process: what it works on.
    busy: HashMap<usize, Taken>,
    /// Processes that were started and have not died; the number of their operating system process
    /// as soon as it has one.
    alive: HashMap<usize, Option<u32>>,
    started: usize,
    /// How long the last invocations took that were answered, the newest first.
    took: VecDeque<Duration>,
}

/// An event that a process was handed.
struct Taken {
    id: Uuid,
    since: Instant,
    answer: Answer,
}

impl State {
    /// Whether there was a process to send the signal to.
    fn kill(&self, instance: usize) -> bool {
        let process = self.alive.get(&instance).copied().flatten();
        process
            .and_then(|process| i32::try_from(process).ok())
            // It may have died by itself.
            .is_some_and(|process| kill(Pid::from_raw(process), Signal::SIGKILL).is_ok())
    }

    fn is_at_work(&self, working: &Working) -> bool {
        let taken = self.busy.get(&working.instance);
        taken.is_some_and(|taken| taken.id == working.invocation)
    }
}

impl Pool {
    /// `most` processes at once at most.
    pub(crate) fn new(launch: Launch, most: usize) -> Self {
        Self {
            launch,
            most,
            state: Mutex::default(),
            arrived: Notify::new(),
            died: Notify::new(),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn invoke(self: &Arc<Self>, event: Value) -> Result<Value, InvokeError> {
        let (answer, answered) = oneshot::channel();
        self.lock()
            .waiting
            .push_back((runtime::fresh_id(), event, answer));
        self.staff()?;
        self.arrived.notify_waiters();
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(self.death().into()),
            Err(_) => Err(FunctionError(Value::from("no answer, and not dead")).into()),
        }
    }

    /// Starts a process if an event waits that none is free for.
    fn staff(self: &Arc<Self>) -> Result<(), Died> {
        let instance = {
            let mut state = self.lock();
            let idle = state.alive.len().saturating_sub(state.busy.len());
            if state.waiting.len() <= idle || state.alive.len() >= self.most {
                return Ok(());
            }
            state.started = state.started.saturating_add(1);
            let instance = state.started;
            state.alive.insert(instance, None);
            instance
        };
        match self.launch.start(instance) {
            Ok(child) => {
                self.lock().alive.insert(instance, child.id());
                tokio::spawn(Arc::clone(self).watch(child, instance));
                Ok(())
            }
            Err(error) => {
                self.lock().alive.remove(&instance);
                Err(Died(format!("{}: {error:#}", self.launch.function)))
            }
        }
    }

    /// The next event for a process; waits until there is one.
    pub(crate) async fn next(&self, instance: usize) -> (Uuid, Value) {
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(next) = self.take(instance) {
                return next;
            }
            arrived.await;
        }
    }

    fn take(&self, instance: usize) -> Option<(Uuid, Value)> {
        let mut state = self.lock();
        // One that was killed may have asked before.
        if !state.alive.contains_key(&instance) {
            return None;
        }
        let (id, event, answer) = state.waiting.pop_front()?;
        let since = Instant::now();
        state.busy.insert(instance, Taken { id, since, answer });
        let running = self
            .running
            .fetch_add(1, Ordering::SeqCst)
            .saturating_add(1);
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        Some((id, event))
    }

    /// A process answered what it worked on.
    pub(crate) fn answer(&self, instance: usize, id: Uuid, result: Result<Value, InvokeError>) {
        let busy = {
            let mut state = self.lock();
            let busy = state.busy.remove(&instance).filter(|taken| taken.id == id);
            if let Some(taken) = &busy {
                state.took.push_front(taken.since.elapsed());
                state.took.truncate(KEPT);
            }
            busy
        };
        if let Some(taken) = busy {
            self.running.fetch_sub(1, Ordering::SeqCst);
            // Whoever asked may have given up.
            let _gone = taken.answer.send(result);
        }
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// How long the last invocations took that were answered.
    pub(crate) fn took(&self) -> Vec<Duration> {
        self.lock().took.iter().copied().collect()
    }

    /// The processes that work on something.
    pub(crate) fn at_work(&self) -> Vec<Working> {
        let working = |(instance, taken): (&usize, &Taken)| Working {
            instance: *instance,
            invocation: taken.id,
            since: taken.since,
            application_name: application_name(&self.launch.pool, *instance),
        };
        self.lock().busy.iter().map(working).collect()
    }

    /// `kill -9` to a process if it is still at work on this. Waits until it is gone.
    pub(crate) async fn kill(&self, working: &Working) -> bool {
        let is_killed = {
            // Locked, so that it is still at work when the signal goes out.
            let state = self.lock();
            state.is_at_work(working) && state.kill(working.instance)
        };
        if is_killed {
            self.is_gone(working.instance).await;
        }
        is_killed
    }

    /// `kill -9` to a process that waits for work, if there is one. Waits until it is gone.
    pub(crate) async fn kill_idle(&self) -> bool {
        let killed = {
            let state = self.lock();
            let mut idle = state
                .alive
                .keys()
                .filter(|instance| !state.busy.contains_key(instance));
            idle.find(|instance| state.kill(**instance)).copied()
        };
        if let Some(instance) = killed {
            self.is_gone(instance).await;
        }
        killed.is_some()
    }

    async fn is_gone(&self, instance: usize) {
        loop {
            let died = self.died.notified();
            tokio::pin!(died);
            died.as_mut().enable();
            if !self.lock().alive.contains_key(&instance) {
                return;
            }
            died.await;
        }
    }

    /// `kill -9` to every process.
    pub(crate) fn kill_all(&self) {
        let state = self.lock();
        for instance in state.alive.keys() {
            state.kill(*instance);
        }
    }

    /// Waits for the process's end, which answers what it worked on. Where events wait, another one
    /// takes its place.
    async fn watch(self: Arc<Self>, mut child: tokio::process::Child, instance: usize) {
        let _status = child.wait().await;
        let busy = {
            let mut state = self.lock();
            state.alive.remove(&instance);
            state.busy.remove(&instance)
        };
        self.died.notify_waiters();
        if let Some(taken) = busy {
            self.running.fetch_sub(1, Ordering::SeqCst);
            let _gone = taken.answer.send(Err(self.death().into()));
        }
        if let Err(error) = self.staff() {
            tracing::error!(%error, "events wait, and no process can be started");
        }
    }

    fn death(&self) -> Died {
        Died(self.launch.function.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
