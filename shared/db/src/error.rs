//! What can go wrong at a database, told apart by who has to do something about it.

use domain::{MoneyError, TermsError};
use runtime::api::ApiError;
use std::fmt::Display;

/// Why a transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached or does not answer in time. Nothing is known of a commit.
    #[error("the database is away: {0}")]
    Unavailable(String),
    /// The connection broke, or had broken before. Nothing is known of a commit.
    #[error("the connection to the database broke: {0}")]
    Broken(String),
    /// Another transaction was in the way; this one was rolled back and can be tried again.
    #[error("the transaction lost a race: {0}")]
    Raced(String),
    /// Somebody else went on with this work: the lease or the expected state is gone.
    #[error("somebody else went on with it: {0}")]
    Lost(&'static str),
    /// The data of this very row is refused by a constraint, or cannot be computed with.
    #[error("the database refuses the data: {why}")]
    Refused {
        /// The constraint's name, where it is one.
        constraint: Option<String>,
        /// What the database says.
        why: String,
    },
    /// A stored row cannot be read as what it should be.
    #[error(transparent)]
    BadRow(#[from] BadRow),
    /// Anything else: a defect of this program or of the schema.
    #[error("the database reports a defect: {0}")]
    Defect(String),
}

/// A stored value that the domain does not know.
#[derive(Debug, thiserror::Error)]
#[error("{table}.{column} cannot be read: {why}")]
pub struct BadRow {
    table: &'static str,
    column: &'static str,
    why: String,
}

impl BadRow {
    /// Names where the value stands and why it cannot be read.
    pub fn new(table: &'static str, column: &'static str, why: impl Display) -> Self {
        Self {
            table,
            column,
            why: why.to_string(),
        }
    }
}

impl DbError {
    /// Whether single rows are to blame, so that the others of a batch can go on without them.
    #[must_use]
    pub const fn is_fault_of_the_data(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::BadRow(_))
    }

    /// Whether nothing more can be said over the connection on which it happened.
    pub(crate) const fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Broken(_))
    }

    /// Whether it is this constraint that refuses the data.
    #[must_use]
    pub fn is_refused_by(&self, name: &str) -> bool {
        matches!(self, Self::Refused { constraint: Some(constraint), .. } if constraint == name)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::Broken(text)
            }
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("40001" | "40P01" | "55P03") => Self::Raced(text),
                // The server went down, or closed the connection.
                Some(code) if is_class(code, &["08", "57P"]) => Self::Broken(text),
                // A transaction cut off or a server that only reads after a failover, resources,
                // a time-out, system.
                Some(code) if is_class(code, &["25", "53", "57", "58"]) => Self::Unavailable(text),
                // Data exceptions and broken constraints.
                Some(code) if is_class(code, &["22", "23"]) => Self::Refused {
                    constraint: database.constraint().map(ToOwned::to_owned),
                    why: text,
                },
                _ => Self::Defect(text),
            },
            _ => Self::Defect(text),
        }
    }
}

impl From<MoneyError> for DbError {
    fn from(error: MoneyError) -> Self {
        Self::Refused {
            constraint: None,
            why: error.to_string(),
        }
    }
}

impl From<TermsError> for DbError {
    fn from(error: TermsError) -> Self {
        Self::Refused {
            constraint: None,
            why: error.to_string(),
        }
    }
}

impl From<DbError> for ApiError {
    /// What a client is told when its request met this error and no rule says otherwise.
    fn from(error: DbError) -> Self {
        let why = error.to_string();
        match error {
            DbError::Unavailable(_) | DbError::Broken(_) | DbError::Raced(_) => Self::Unavailable {
                what: "The service",
                why,
            },
            DbError::Lost(_) => Self::InFlight,
            DbError::Refused { .. } | DbError::BadRow(_) | DbError::Defect(_) => Self::Bug(why),
        }
    }
}

fn is_class(code: &str, classes: &[&str]) -> bool {
    classes.iter().any(|class| code.starts_with(class))
}

/// Demands that a write changed its one row; with none, somebody else went on with the work.
///
/// # Errors
/// [`DbError::Lost`] when there was no such row.
pub fn one_row(rows_affected: u64, what: &'static str) -> Result<(), DbError> {
    match rows_affected {
        1 => Ok(()),
        0 => Err(DbError::Lost(what)),
        more => Err(DbError::Defect(format!(
            "{what}: {more} rows instead of one"
        ))),
    }
}
