//! For tests only: a whole system of its own for each test.
//!
//! [`World`] is two real databases, real stubs, and the functions' real processes, driven over a
//! small Lambda Runtime API that, unlike `cargo lambda watch`, notices when a process dies. Time
//! moves when a test says so, in each database on its own.

#![expect(clippy::panic, reason = "a test that cannot go on says so")]

mod bulk;
mod databases;
mod http;
mod lambda;
mod laws;
mod leaps;
mod proxy;
mod stub;
mod world;

pub use bulk::Bulk;
pub use databases::{Databases, fresh_key};
pub use http::{Request, Response, response};
pub use lambda::{Died, FunctionError, InvokeError, Lambda, OwnProcess, Settings, Working};
pub use laws::Books;
pub use proxy::{Blow, Proxy};
pub use stub::Stub;
pub use world::{Builder, Rented, World, scheduled_event};
