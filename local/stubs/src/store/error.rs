//! What can go wrong between us and the disk.

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(transparent)]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("a row is not what it should be: {0}")]
    Row(#[from] serde_json::Error),
    #[error("the data file is closed")]
    Closed,
    /// The writer has logged why.
    #[error("the change was not written")]
    NotWritten,
}
