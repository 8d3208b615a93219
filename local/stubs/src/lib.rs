//! An imitation of the outside systems of a power-bank rental: stations,
//! tariffs, users, configs and payments, behind one HTTP address.
//!
//! It behaves like a provider that can be trusted with money: what it answered
//! is on disk, a repeated key never acts twice, an expired request never acts
//! at all. Everything that makes it misbehave sits behind `/admin`.
//!
//! Architecture invariant: nothing outside `clock` reads the time, and nothing
//! outside `store` opens or commits a transaction.

mod app;
mod calls;
mod catalogue;
mod clock;
mod command;
mod endpoint;
mod faults;
mod http;
mod lock;
mod provider;
mod reply;
mod server;
mod settings;
mod store;

pub use server::{StartError, Stubs};
pub use settings::Settings;
