//! A small Lambda: it runs the functions' processes, hands them events over the Runtime API, and
//! starts a new one when one dies.

mod api;
mod pool;
mod process;

pub use pool::{Died, FunctionError, InvokeError};

use anyhow::Result;
use pool::Pool;
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The functions of one test.
pub struct Lambda {
    address: SocketAddr,
    env: Vec<(String, String)>,
    pools: Arc<Mutex<HashMap<String, Arc<Pool>>>>,
    server: JoinHandle<()>,
}

impl Lambda {
    /// Functions that get `env` as their environment. None is started yet.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(env: Vec<(String, String)>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let pools = Arc::default();
        let router = api::router(Arc::clone(&pools));
        let server = tokio::spawn(async move {
            // Ends with the test; an error shows as functions that get no events.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            env,
            pools,
            server,
        })
    }

    /// Invokes a function, in a process that is free or new.
    ///
    /// # Errors
    /// [`InvokeError`] when the function fails or its process dies.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.pool(function)
            .invoke(event, self.address, &self.env)
            .await
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
        let more = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env: Vec<_> = self.env.iter().cloned().chain(more).collect();
        let pool = Arc::new(Pool::new(function, 1));
        let name = format!("{function}-{}", runtime::fresh_id());
        self.lock().insert(name.clone(), Arc::clone(&pool));
        let result = pool.invoke_as(&name, event, self.address, &env).await;
        // It goes first: it would miss its Runtime API.
        pool.kill_all();
        self.lock().remove(&name);
        result
    }

    /// How many invocations of a function ran at the same time, at most.
    #[must_use]
    pub fn most_at_once(&self, function: &str) -> usize {
        self.pool(function).most_at_once()
    }

    fn pool(&self, function: &str) -> Arc<Pool> {
        let mut pools = self.lock();
        let new = || Arc::new(Pool::new(function, pool::MOST_PROCESSES));
        Arc::clone(pools.entry(function.to_owned()).or_insert_with(new))
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
