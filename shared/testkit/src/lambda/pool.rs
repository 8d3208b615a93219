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

/// A process that has not died.
struct Alive {
    /// The number of its operating system process, as soon as it has one.
    id: Option<u32>,
    since: Instant,
    /// How long after its start it asked for work.
    first_poll: Option<Duration>,
}

/// The processes of one function.
pub(crate) struct Pool {
    launch: Launch,
    most: usize,
    state: Mutex<State>,
    arrived: Notify,
    died: Notify,
    polled: Notify,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Uuid, Value, Answer)>,
    /// By process: what it works on.
    busy: HashMap<usize, Taken>,
    alive: HashMap<usize, Alive>,
    started: usize,
    /// How long the last invocations took that were answered, the newest first.
    took: VecDeque<Duration>,
}

/// An event that a process was handed.
struct Taken {
    id: Uuid,
    since: Instant,
    answer: Answer,
    /// What it answered. Its caller hears that when the process asks for more work, or died: a
    /// test may then count on all that was done after the answer.
    answered: Option<Result<Value, InvokeError>>,
}

impl State {
    /// A new process's number; it is started next.
    fn enlist(&mut self) -> usize {
        self.started = self.started.saturating_add(1);
        let alive = Alive {
            id: None,
            since: Instant::now(),
            first_poll: None,
        };
        self.alive.insert(self.started, alive);
        self.started
    }

    /// Whether there was a process to send the signal to.
    fn kill(&self, instance: usize) -> bool {
        let process = self.alive.get(&instance);
        process
            .and_then(|process| process.id)
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
            polled: Notify::new(),
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
            state.enlist()
        };
        self.launch(instance)
    }

    /// Starts a process although no event waits, and gives its number.
    pub(crate) fn start(self: &Arc<Self>) -> Result<usize, Died> {
        let instance = self.lock().enlist();
        self.launch(instance)?;
        Ok(instance)
    }

    fn launch(self: &Arc<Self>, instance: usize) -> Result<(), Died> {
        match self.launch.start(instance) {
            Ok(child) => {
                if let Some(alive) = self.lock().alive.get_mut(&instance) {
                    alive.id = child.id();
                }
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
        let done = {
            let mut state = self.lock();
            if let Some(alive) = state.alive.get_mut(&instance) {
                alive
                    .first_poll
                    .get_or_insert_with(|| alive.since.elapsed());
            }
            state.busy.remove(&instance)
        };
        self.polled.notify_waiters();
        if let Some(taken) = done {
            self.done(taken);
        }
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
        let taken = Taken {
            id,
            since,
            answer,
            answered: None,
        };
        state.busy.insert(instance, taken);
        let running = self
            .running
            .fetch_add(1, Ordering::SeqCst)
            .saturating_add(1);
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        Some((id, event))
    }

    /// A process answered what it worked on.
    pub(crate) fn answer(&self, instance: usize, id: Uuid, result: Result<Value, InvokeError>) {
        let mut state = self.lock();
        let Some(taken) = state.busy.get_mut(&instance).filter(|taken| taken.id == id) else {
            return;
        };
        taken.answered = Some(result);
        let took = taken.since.elapsed();
        state.took.push_front(took);
        state.took.truncate(KEPT);
    }

    /// A process is done with what it worked on: its caller hears what came of it.
    fn done(&self, taken: Taken) {
        self.running.fetch_sub(1, Ordering::SeqCst);
        let answered = taken.answered.unwrap_or_else(|| Err(self.death().into()));
        // Whoever asked may have given up.
        let _gone = taken.answer.send(answered);
    }

    /// How long after its start a process asked for work; waits until it did. None when it died.
    pub(crate) async fn first_poll(&self, instance: usize) -> Option<Duration> {
        loop {
            let polled = self.polled.notified();
            let died = self.died.notified();
            tokio::pin!(polled, died);
            polled.as_mut().enable();
            died.as_mut().enable();
            match self.lock().alive.get(&instance) {
                None => return None,
                Some(alive) if alive.first_poll.is_some() => return alive.first_poll,
                Some(_) => {}
            }
            tokio::select! {
                () = polled => {}
                () = died => {}
            }
        }
    }

    /// The number of a process's operating system process, while it lives.
    pub(crate) fn process_id(&self, instance: usize) -> Option<u32> {
        self.lock().alive.get(&instance)?.id
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
            self.done(taken);
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
