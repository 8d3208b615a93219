//! The whole system, seen from outside: real processes, real databases, real stubs over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]

mod audit;
mod billed;
mod books;
mod bulk;
mod buyout;
mod checks;
mod concurrency;
mod debt;
mod debt_collection;
mod deliveries;
mod deposit;
mod eject;
mod events;
mod health;
mod inputs;
mod kit;
mod late_finish;
mod leases;
mod left;
mod operator;
mod operator_crash;
mod operator_finish;
mod outage;
mod outcomes;
mod plans;
mod probe;
mod quote;
mod reconcile;
mod reconcile_crash;
mod reconcile_faults;
mod round_trips;
mod start;
mod start_crash;
mod status;
mod stop;
mod stop_crash;
mod story;
mod tick;
mod tick_concurrency;
mod tick_crash;
mod tick_grid;
mod unknown_for_long;
