//! The processes of one function, and the invocations that wait for them.

use super::process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

/// How many processes of one function there are at most.
pub(crate) const MOST_PROCESSES: usize = 20;

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

type Answer = oneshot::Sender<Result<Value, InvokeError>>;

/// The processes of one function.
pub(crate) struct Pool {
    function: String,
    most: usize,
    state: Mutex<State>,
    arrived: Notify,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Uuid, Value, Answer)>,
    /// By process: what it works on.
    busy: HashMap<usize, (Uuid, Answer)>,
    /// Processes that were started and have not died; the number of their operating system process
    /// as soon as it has one.
    alive: HashMap<usize, Option<u32>>,
    started: usize,
}

impl Pool {
    pub(crate) fn new(function: &str, most: usize) -> Self {
        Self {
            function: function.to_owned(),
            most,
            state: Mutex::default(),
            arrived: Notify::new(),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn invoke(
        self: &Arc<Self>,
        event: Value,
        address: SocketAddr,
        env: &[(String, String)],
    ) -> Result<Value, InvokeError> {
        let name = self.function.clone();
        self.invoke_as(&name, event, address, env).await
    }

    /// Invokes the function; `name` is how the Runtime API finds this pool.
    pub(crate) async fn invoke_as(
        self: &Arc<Self>,
        name: &str,
        event: Value,
        address: SocketAddr,
        env: &[(String, String)],
    ) -> Result<Value, InvokeError> {
        let (answer, answered) = oneshot::channel();
        let instance = {
            let mut state = self.lock();
            state
                .waiting
                .push_back((runtime::fresh_id(), event, answer));
            let idle = state.alive.len().saturating_sub(state.busy.len());
            let needs_another = state.waiting.len() > idle && state.alive.len() < self.most;
            needs_another.then(|| {
                state.started = state.started.saturating_add(1);
                let instance = state.started;
                state.alive.insert(instance, None);
                instance
            })
        };
        if let Some(instance) = instance {
            let child = process::spawn(&self.function, name, instance, address, env)
                .map_err(|error| Died(format!("{}: {error:#}", self.function)))?;
            self.lock().alive.insert(instance, child.id());
            tokio::spawn(Arc::clone(self).watch(child, instance));
        }
        self.arrived.notify_waiters();
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Died(self.function.clone()).into()),
            Err(_) => Err(FunctionError(Value::from("no answer, and not dead")).into()),
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
        let (id, event, answer) = state.waiting.pop_front()?;
        state.busy.insert(instance, (id, answer));
        let running = self
            .running
            .fetch_add(1, Ordering::SeqCst)
            .saturating_add(1);
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        Some((id, event))
    }

    /// A process answered what it worked on.
    pub(crate) fn answer(&self, instance: usize, id: Uuid, result: Result<Value, InvokeError>) {
        let busy = self.lock().busy.remove(&instance);
        if let Some((_, answer)) = busy.filter(|(expected, _)| *expected == id) {
            self.running.fetch_sub(1, Ordering::SeqCst);
            // Whoever asked may have given up.
            let _gone = answer.send(result);
        }
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// `kill -9` to every process.
    pub(crate) fn kill_all(&self) {
        for process in self.lock().alive.values().flatten() {
            if let Ok(process) = i32::try_from(*process) {
                // It may have died by itself.
                let _gone = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
        }
    }

    /// Waits for the process's end, which answers what it worked on.
    async fn watch(self: Arc<Self>, mut child: tokio::process::Child, instance: usize) {
        let _status = child.wait().await;
        let busy = {
            let mut state = self.lock();
            state.alive.remove(&instance);
            state.busy.remove(&instance)
        };
        if let Some((_, answer)) = busy {
            self.running.fetch_sub(1, Ordering::SeqCst);
            let _gone = answer.send(Err(Died(self.function.clone()).into()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
