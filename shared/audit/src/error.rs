//! Why an audit came to no end.

use db::DbError;

/// Why an audit came to no end.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// One of the databases did not answer.
    #[error("{name} cannot be read: {source}")]
    Database {
        /// db-rental or db-billing.
        name: &'static str,
        /// What it said.
        source: DbError,
    },
    /// The provider's ledger did not answer, or not as it should.
    #[error("the provider's ledger cannot be read: {0}")]
    Ledger(#[from] reqwest::Error),
}
