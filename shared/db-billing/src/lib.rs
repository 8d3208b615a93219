//! The only crate that holds SQL for db-billing: the copies of rentals, payment attempts, debts,
//! refunds and the outbox.
//!
//! Each function takes a connection; which of them share a transaction is for the use case to
//! say. What belongs to a batch is written in set-based statements, whatever its size.

mod account;
pub mod audit;
mod books;
mod change;
mod clock;
mod copy;
mod due;
mod interval;
mod operator;
mod settled;
mod show;
mod status;
mod worklist;

pub use account::{BilledRental, lock_leased, lock_rental_account, read_locked};
pub use books::{BillingBooks, books};
pub use change::{AttemptStatus, Change, save};
pub use clock::now;
pub use copy::{RentalCopy, upsert_copies};
pub use due::{Leased, set_aside, take_due};
pub use operator::{operator_actions, pay_refund, record_operator_action, requeue};
pub use settled::{release_told, releases_due, settled_rentals};
pub use show::{ShownAttempt, ShownBilling, ShownRefund, show};
pub use status::current_debt;
pub use worklist::{
    BillingWorklist, WaitingAttempt, WaitingDebt, WaitingRefund, WaitingRental, worklist,
};

/// The environment's variable that names the database.
pub const DATABASE_URL: &str = "BILLING_DATABASE_URL";

/// The migrations, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
