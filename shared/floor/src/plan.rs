//! What the floor is told to do.

use serde::Deserialize;
use std::collections::HashMap;

/// What is done before the answer, and after it.
#[derive(Debug, Deserialize)]
pub struct Plan {
    /// One after the other.
    pub steps: Vec<Step>,
    /// Nobody waits for these.
    pub afterwards: Vec<Step>,
}

/// Something to be waited for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One HTTP request.
    Call(Call),
    /// BEGIN, statements, COMMIT.
    Transaction(Transaction),
    /// A statement that is a transaction of its own.
    Statement(Statement),
    /// Side by side.
    Together(Vec<Vec<Step>>),
}

/// One HTTP request.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// GET or POST.
    pub method: String,
    /// Whole.
    pub url: String,
    /// Names and values.
    #[serde(default)]
    pub headers: HashMap<String, String>,
    /// Empty for a GET.
    #[serde(default)]
    pub body: String,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// At `RENTAL_DATABASE_URL`.
    Rental,
    /// At `BILLING_DATABASE_URL`.
    Billing,
}

/// BEGIN, so many statements, COMMIT.
#[derive(Debug, Deserialize)]
pub struct Transaction {
    /// Where.
    pub database: Database,
    /// Statements that look a row up.
    pub reads: u32,
    /// Statements that add a row.
    pub writes: u32,
}

/// A statement that is a transaction of its own.
#[derive(Debug, Deserialize)]
pub struct Statement {
    /// Where.
    pub database: Database,
    /// Whether it adds a row, or looks one up.
    pub writes: bool,
}

/// What a tick is to do.
#[derive(Debug, Deserialize)]
pub struct Ticked {
    /// What is due by then is charged; in seconds since 1970.
    pub moment_sec: i64,
    /// So many are written, and called, at once.
    pub batch: i64,
    /// Where the provider is.
    pub url: String,
}
