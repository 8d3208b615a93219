//! Processes: the parts of a stack, and whatever they start in their turn.

mod part;
mod tree;

pub use part::{Death, Part, STOP_REQUEST};
pub use tree::{Process, adopt_orphans, alive, descendants, end, signal};
