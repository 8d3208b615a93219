//! The audit on a real system: a story passes, and a hand in the databases or at the provider is
//! found and named by its law.

mod copies;
mod effects;
mod money;
mod moving;
mod program;
mod story;

use crate::billed::{DEMO, RICH, next_tick, rented_for, sql, stop};
use audit::{Law, When};
use std::collections::BTreeSet;
use testkit::World;

/// Runs a statement on one of the databases as only a hand could.
async fn in_rental(world: &World, statement: impl Into<String>) {
    sql(&world.databases.rental, statement.into()).await;
}

async fn in_billing(world: &World, statement: impl Into<String>) {
    sql(&world.databases.billing, statement.into()).await;
}

/// The numbers of the laws that are broken.
async fn broken(world: &World, when: When) -> Vec<u8> {
    let report = world.audit(when).await.unwrap();
    for violation in &report.violations {
        let (law, what) = (violation.law, &violation.what);
        assert!(report.checked(law) > 0, "{law}, unseen: {what}");
    }
    let laws: BTreeSet<Law> = report.violations.iter().map(|found| found.law).collect();
    laws.into_iter().map(Law::number).collect()
}

/// Asserts that a clean world breaks exactly these laws after a hand was at it.
async fn breaks(world: &World, when: When, laws: &[u8], hand: impl AsyncFnOnce(&World)) {
    assert!(broken(world, when).await.is_empty(), "it is not clean yet");
    hand(world).await;
    let report = world.audit(when).await.unwrap();
    assert_eq!(broken(world, when).await, laws, "{report}");
}

/// A rental that runs and was charged once.
async fn running(world: &World) -> String {
    let rental_id = rented_for(world, RICH, DEMO, 100).await;
    next_tick(world).await;
    rental_id
}

/// A rental that ended and whose books are closed.
async fn closed(world: &World) -> String {
    let rental_id = running(world).await;
    stop(world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    rental_id
}
