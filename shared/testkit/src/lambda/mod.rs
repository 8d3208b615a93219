//! A small Lambda: it runs the functions' processes, hands them events over the Runtime API, and
//! starts a new one when one dies.

mod api;
mod own;
mod pool;
mod process;

pub use own::OwnProcess;
pub use pool::{Died, FunctionError, InvokeError, Working};

use anyhow::Result;
use pool::Pool;
use process::Launch;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// By name.
type Pools = Arc<Mutex<HashMap<String, Arc<Pool>>>>;

/// What the functions of a test are started with.
#[derive(Debug)]
pub struct Settings {
    /// Their environment.
    pub env: Vec<(String, String)>,
    /// How many processes of one function there are at most.
    pub most_processes: usize,
    /// Where what they print goes; none: to the test's own output.
    pub log: Option<File>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            env: Vec::new(),
            most_processes: 20,
            log: None,
        }
    }
}

/// The functions of one test.
pub struct Lambda {
    address: SocketAddr,
    settings: Arc<Settings>,
    pools: Pools,
    server: JoinHandle<()>,
}

impl Lambda {
    /// Functions that are started so. None is started yet.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(settings: Settings) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let pools = Pools::default();
        let router = api::router(Arc::clone(&pools));
        let server = tokio::spawn(async move {
            // Ends with the test; an error shows as functions that get no events.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            settings: Arc::new(settings),
            pools,
            server,
        })
    }

    /// Invokes a function, in a process that is free or new.
    ///
    /// # Errors
    /// [`InvokeError`] when the function fails or its process dies.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.pool(function).invoke(event).await
    }

    /// Invokes a function in a process of its own that gets more environment, and dies after it.
    ///
    /// # Errors
    /// [`InvokeError`] when the function fails or its process dies.
    pub async fn invoke_with(
        &self,
        function: &str,
        event: Value,
        env: &[(&str, &str)],
    ) -> Result<Value, InvokeError> {
        self.process(function, env)?.invoke(event).await
    }

    /// Starts a process of a function that gets more environment, and events only from its owner.
    ///
    /// # Errors
    /// [`InvokeError`] when it cannot be started.
    pub fn process(&self, function: &str, env: &[(&str, &str)]) -> Result<OwnProcess, InvokeError> {
        let name = format!("{function}-{}", runtime::fresh_id());
        let more_env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let launch = Launch {
            more_env: more_env.collect(),
            ..self.launch(function, &name)
        };
        OwnProcess::start(name, launch, Arc::clone(&self.pools))
    }

    /// How many invocations of a function ran at the same time, at most.
    #[must_use]
    pub fn most_at_once(&self, function: &str) -> usize {
        self.pool(function).most_at_once()
    }

    /// How long the last invocations of a function took that were answered.
    #[must_use]
    pub fn took(&self, function: &str) -> Vec<Duration> {
        self.pool(function).took()
    }

    /// The processes of a function that work on something at this moment.
    #[must_use]
    pub fn at_work(&self, function: &str) -> Vec<Working> {
        self.pool(function).at_work()
    }

    /// `kill -9` to a process if it is still at work on the same invocation, and waits until it is
    /// gone. Whether it was killed.
    pub async fn kill(&self, function: &str, working: &Working) -> bool {
        self.pool(function).kill(working).await
    }

    /// `kill -9` to a process of a function that waits for work, and waits until it is gone.
    /// Whether there was one.
    pub async fn kill_idle(&self, function: &str) -> bool {
        self.pool(function).kill_idle().await
    }

    fn pool(&self, function: &str) -> Arc<Pool> {
        let new = || {
            let launch = self.launch(function, function);
            Arc::new(Pool::new(launch, self.settings.most_processes))
        };
        let mut pools = self.lock();
        Arc::clone(pools.entry(function.to_owned()).or_insert_with(new))
    }

    fn launch(&self, function: &str, pool: &str) -> Launch {
        Launch {
            function: function.to_owned(),
            pool: pool.to_owned(),
            address: self.address,
            settings: Arc::clone(&self.settings),
            more_env: Vec::new(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lambda {
    /// The processes go first: they would report that the Runtime API is gone.
    fn drop(&mut self) {
        self.lock().values().for_each(|pool| pool.kill_all());
        self.server.abort();
    }
}
