//! The data file: the only door to it. Reads see what was last committed;
//! every change goes through one writer, and is on disk when `write` returns.

mod error;
mod tables;
mod writer;

use std::path::Path;
use std::sync::{Arc, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::error::StoreError;
pub(crate) use self::tables::{
    ACCOUNTS, Counter, EJECTS, ENTRIES, ORDERS, STOCK, Tables, entries_of_order, json_row,
};
use self::writer::Job;
use crate::catalogue::Contents;
use crate::lock;

/// More than callers ever have in flight; past it they wait their turn.
const QUEUE_LIMIT_JOBS: usize = 8192;

pub(crate) struct Store {
    /// None once closed, so that the file is free for the next process.
    database: Arc<RwLock<Option<Database>>>,
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Opens the file, or creates it with the opening stock and balances.
    /// Stations and users that the file does not know yet are added.
    pub(crate) fn open(path: &Path, opening: &Contents) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let database = Database::create(path)?;
        add_missing(&database, opening)?;

        let database = Arc::new(RwLock::new(Some(database)));
        let (jobs, queue) = mpsc::channel(QUEUE_LIMIT_JOBS);
        writer::start(Arc::clone(&database), queue)?;
        Ok(Self { database, jobs })
    }

    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = lock::read(&self.database);
        query(&database.as_ref().ok_or(StoreError::Closed)?.begin_read()?)
    }

    /// Applies the change whole or not at all. It happens even when the caller
    /// stops waiting: a provider does not notice that nobody listens any more.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |tables| {
            let value = change(tables)?;
            Ok(Box::new(move || {
                // Whoever asked may have gone.
                let _ = answer.send(value);
            }))
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::NotWritten)
    }

    /// Waits for the transaction under way, then lets go of the file.
    pub(crate) fn close(&self) {
        lock::write(&self.database).take();
    }
}

fn add_missing(database: &Database, opening: &Contents) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    for station in &opening.stations {
        if tables.stock.get(station.id.as_str())?.is_none() {
            tables
                .stock
                .insert(station.id.as_str(), station.available_powerbanks)?;
        }
    }
    for user in &opening.users {
        if tables.accounts.get(user.profile.id.as_str())?.is_none() {
            tables
                .accounts
                .insert(user.profile.id.as_str(), (user.balance, 0))?;
        }
    }
    drop(tables);
    transaction.commit()?;
    Ok(())
}
