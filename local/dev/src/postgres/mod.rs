//! PostgreSQL: where it comes from, and clusters of it.

mod account;
mod cluster;
mod compose;
mod database;
mod fetch;
mod locate;
mod throwaway;

pub use account::Account;
pub(crate) use account::{create_open_folder, reachable};
pub use cluster::{Cluster, Purpose};
pub use compose::{Compose, demand_engine, engine_answers};
pub use database::{Database, wait_until_answers, without_secrets};
pub use locate::{Binaries, Source, binaries};
pub use throwaway::Throwaway;
