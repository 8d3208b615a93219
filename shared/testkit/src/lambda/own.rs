//! A process that nobody else invokes.

use super::Pools;
use super::pool::{InvokeError, Pool};
use super::process::{Launch, application_name};
use serde_json::Value;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// A process of a function that only its owner invokes. It dies with this.
pub struct OwnProcess {
    name: String,
    instance: usize,
    pool: Arc<Pool>,
    pools: Pools,
}

impl OwnProcess {
    pub(super) fn start(name: String, launch: Launch, pools: Pools) -> Result<Self, InvokeError> {
        let pool = Arc::new(Pool::new(launch, 1));
        pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), Arc::clone(&pool));
        let instance = pool.start()?;
        Ok(Self {
            name,
            instance,
            pool,
            pools,
        })
    }

    /// Hands it an event.
    ///
    /// # Errors
    /// [`InvokeError`] when it fails or dies.
    pub async fn invoke(&self, event: Value) -> Result<Value, InvokeError> {
        self.pool.invoke(event).await
    }

    /// How long its last invocation took: from the moment at which it was handed the event to the
    /// one at which its answer was there.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.pool.took().first().copied().unwrap_or_default()
    }

    /// How long after its start it asked for work; waits until it did. None when it died.
    pub async fn first_poll(&self) -> Option<Duration> {
        self.pool.first_poll(self.instance).await
    }

    /// The number of its operating system process, while it lives.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.pool.process_id(self.instance)
    }

    /// What the databases call it.
    #[must_use]
    pub fn application_name(&self) -> String {
        application_name(&self.name, self.instance)
    }
}

impl Drop for OwnProcess {
    /// It goes first: it would miss its Runtime API.
    fn drop(&mut self) {
        self.pool.kill_all();
        self.pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}
