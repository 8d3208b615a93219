//! What a function costs at least: bare ones, with nothing of ours in them, that make the round
//! trips they are told, to the same databases and to the same outside systems. `make bench` sets
//! ours beside them.

pub mod books;
pub mod databases;
pub mod plan;
pub mod systems;
