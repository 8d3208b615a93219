//! Typed clients of the outside systems: stations, tariffs, users, configs, payments.
//!
//! Reading calls answer with what was asked, `NotFound`, or `Unavailable`. Calls that move money
//! or hardware answer with an outcome in which *unknown* is a value of its own.

mod call;
mod configs;
mod payments;
mod stations;
mod tariffs;
mod users;

pub use call::ExternalError;
pub use configs::{Configs, ConfigsClient};
pub use payments::PaymentsClient;
pub use stations::{ReturnOutcome, Station, StationsClient};
pub use tariffs::{Tariff, TariffsClient};
pub use users::{UserProfile, UsersClient};
