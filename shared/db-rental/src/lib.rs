//! The only crate that holds SQL for db-rental: quotes, rentals, idempotency keys and the outbox.
//!
//! Each function takes a connection and is one statement or a few that belong together; which of
//! them share a transaction is for the use case to say. A write that ends a step demands the row
//! in the state, and under the lease, that the step began with.

pub mod audit;
mod books;
mod clock;
mod flag;
mod hold;
mod keys;
mod outbox;
mod pending;
mod purge;
mod quote;
mod record;
mod rental;
mod start;
mod start_found;
mod started;
mod stop;
mod stop_found;
mod terms;
mod worklist;

pub use books::{RentalBooks, books};
pub use clock::now;
pub use flag::{OpenRental, flag, open_rental_with, unflag};
pub use hold::{
    HeldLate, asked_about_release, begin_releases, claim_holds, held_late, hold_released,
    record_late_hold, renew_release, take_hold,
};
pub use keys::{
    Answered, Endpoint, KeyUse, Written, answer_start, answer_stop, find_key, forget_start,
    free_old_key,
};
pub use outbox::{
    Delivery, PowerbankReturn, ShownTransition, copied, requeue, returned, set_aside_copy,
    set_aside_return, to_copy, to_return, transitions,
};
pub use pending::{claim_pending, take_over};
pub use purge::{Purged, purge};
pub use quote::{NewQuote, Quote, insert_quote};
pub use record::{operator_actions, record_operator_action};
pub use rental::{Hold, Lease, Rental, find_rental, lock_rental};
pub use start::{
    NewRental, ONE_OPEN_PER_POWERBANK, ONE_WAIVED_PER_USER, activate, commit_eject_intent, fail,
    insert_pending, lock_as_active, park, renew_eject_intent, renew_hold_intent,
};
pub use start_found::{StartFound, find_start};
pub use started::{StartedRental, find_started};
pub use stop::{
    BuyoutDue, bought_out_in_the_way, buy_out, buyouts_due, correct_end, end, end_and_answer,
};
pub use stop_found::{StopFound, StoppedRental, find_stop};
pub use worklist::{
    RentalWorklist, WaitingFlag, WaitingHold, WaitingStart, WaitingTransition, worklist,
};

/// The environment's variable that names the database.
pub const DATABASE_URL: &str = "RENTAL_DATABASE_URL";

/// The migrations, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
