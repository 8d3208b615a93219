//! How a start is decided: ACTIVE or FAILED, with the answer that its client gets.
//!
//! It is the same whoever decides it: the start itself, `reconcile` for one that stopped half way,
//! or a person for one that stayed unknown. Each function belongs into the transaction of whoever
//! calls it.

mod active;
mod buyouts;
mod failed;

pub use active::{Decided, activate, activate_unopposed};
pub use buyouts::write_down_buyouts;
pub use failed::fail;
