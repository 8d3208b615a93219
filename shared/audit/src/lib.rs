//! The audit: every law of money of docs/ARCHITECTURE.md, checked from outside, on the rows of both
//! databases and on the provider's ledger.
//!
//! It is an oracle of its own: it knows the tables and the laws, and computes what is due from the
//! raw terms. Of the code that it audits it uses only the door to the databases and the reading of
//! their rows; never `domain`.
//!
//! [`Auditor`] reads and [`check`] judges, one rental's [`Books`] at a time. The [`Report`] counts
//! for each law the rentals on which its premise was met, so that a law which nothing tested is
//! seen as such. Laws that rows cannot show (the same key gets the same bytes, states move one way
//! over time, a poisoned rental delays no other) are for those who watch the system: they add to
//! the report with [`Report::record`] and [`Report::violate`].

mod auditor;
mod books;
mod due;
mod error;
mod facts;
mod findings;
mod law;
mod laws;
mod ledger;
mod pages;
mod payload;
mod report;
mod rules;
mod sources;
mod table;

pub use auditor::Auditor;
pub use books::{Books, Eject, Entry, LedgerRows, Order};
pub use db_billing::audit::{AttemptRow, BillingRows, DebtRow, EventRow, RefundRow};
pub use db_rental::audit::{KeyRow, RentalRows, TransitionRow};
pub use error::AuditError;
pub use findings::Findings;
pub use law::Law;
pub use laws::check;
pub use ledger::Ledger;
pub use report::{LawReport, Named, Report, Violation};
pub use rules::{Rules, When};
