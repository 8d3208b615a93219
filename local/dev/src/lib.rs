//! The local runner: PostgreSQL, stubs, functions and scheduler as one stack
//! on this machine, and a demo that plays a rental against it.
//!
//! Architecture invariant: whatever a module here starts, some `stop`, `remove`
//! or drop of the same module ends; no error and no signal leaves a process.

pub mod audit;
pub mod clean;
pub mod cli;
pub mod command;
pub mod demo;
pub mod events;
pub mod functions;
pub mod http;
pub mod migrations;
pub mod output;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod project;
pub mod run;
pub mod scheduler;
pub mod scratch;
pub mod settings;
pub mod signals;
pub mod stack;
pub mod story;
pub mod tools;
pub mod with_postgres;
