//! Group commit. A commit costs one flush to disk however much it carries, so
//! one thread takes everything that is queued, applies it in one transaction,
//! commits once, and only then answers.

use std::sync::{Arc, RwLock};
use std::thread;

use redb::Database;
use tokio::sync::mpsc;

use super::{StoreError, Tables};
use crate::lock;

/// Applies a change and gives back how to tell its caller once it is on disk.
pub(super) type Job = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Answer, StoreError> + Send>;
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// Keeps the first caller of a batch from waiting on an endless one.
const BATCH_LIMIT_JOBS: usize = 1024;

/// Runs until nobody can send jobs any more.
pub(super) fn start(
    database: Arc<RwLock<Option<Database>>>,
    mut queue: mpsc::Receiver<Job>,
) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name("stubs-writer".to_owned());
    thread.spawn(move || {
        let mut batch = Vec::new();
        while queue.blocking_recv_many(&mut batch, BATCH_LIMIT_JOBS) > 0 {
            if let Err(error) = commit(&database, batch.drain(..)) {
                tracing::error!(%error, "a batch of changes was not written");
            }
        }
    })?;
    Ok(())
}

/// An error drops every answer of the batch unsent: nothing of it was written.
fn commit(
    database: &RwLock<Option<Database>>,
    batch: impl Iterator<Item = Job>,
) -> Result<(), StoreError> {
    let database = lock::read(database);
    let transaction = database.as_ref().ok_or(StoreError::Closed)?.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    let answers: Vec<Answer> = batch
        .map(|job| job(&mut tables))
        .collect::<Result<_, _>>()?;
    drop(tables);
    transaction.commit()?;
    for answer in answers {
        answer();
    }
    Ok(())
}
