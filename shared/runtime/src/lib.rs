//! The shared runtime of all functions: settings from the environment, logs, HTTP in and out,
//! the start-up as a Lambda function, and the named steps at which tests make a process fail.
//!
//! What the workspace bans elsewhere (the environment, random ids, a bare HTTP client, the
//! process's clock) happens here, in one place each.

pub mod api;
pub mod env;
pub mod event;
pub mod http;
pub mod step;

mod client;
mod entropy;
mod logs;
mod schedule;
mod side_by_side;
mod timers;

pub use client::http_client;
pub use entropy::{fresh_id, set_id_source};
pub use lambda_http::Error as StartError;
pub use logs::init_logs;
pub use schedule::ScheduledEvent;
pub use side_by_side::{branch, side_by_side};
