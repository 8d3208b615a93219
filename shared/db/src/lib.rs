//! The one door to a database.
//!
//! `db-rental` and `db-billing` hold the SQL; this crate holds what both need around it: a
//! few connections with tight bounds, transactions by name that are tried again when the database
//! says so, and //! one error that says whose fault it was.

mod connections;
mod database;
mod error;
mod halves;
mod migrate;
mod operator;

pub use database::{Database, savepoint};
pub use error::{BadRow, DbError, one_row};
pub use halves::{Halved, in_halves, unless_it_panics};
pub use migrate::migrate;
pub use operator::OperatorAction;

/// A connection inside [`Database::tx`] or [`Database::statement`]: what store functions take.
pub type Connection = sqlx::PgConnection;
