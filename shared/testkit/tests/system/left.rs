//! What the rules leave to a person, and what becomes of it when the person speaks.

mod debt;
mod debt_refused;
mod eject;
mod eject_refused;
mod given_away;
mod hold;
mod worklist;

use crate::billed::{BROKE, CLEAR, PLAIN, RICH, int, next_tick, rented_for, stop};
use crate::probe::{assert_unavailable, fault, fault_once, rental_of};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

pub(crate) const HOURS: i64 = 3_600;
pub(crate) const DAYS: i64 = 24 * HOURS;

/// A start of which nobody asks any more whether its power bank left the station.
pub(crate) struct UnknownStart {
    pub(crate) rental_id: String,
    pub(crate) quote_id: String,
    pub(crate) key: String,
}

/// `mode` is what the station did: `lose` ejects, `fail` does not; neither says so.
pub(crate) async fn unknown_start(world: &World, user: &str, mode: &str) -> UnknownStart {
    let quote_id = world.quoted(user, PLAIN).await;
    let key = fresh_key();
    fault_once(world, "eject-powerbank", mode).await;
    assert_unavailable(&world.start_rental(&quote_id, &key).await.unwrap());
    let rental = rental_of(world, &quote_id).await;
    assert_eq!(rental.status, "PENDING");
    // Its request expires after 25 s, and the client's key lives for a day.
    world.advance(23 * HOURS + 30).await.unwrap();
    UnknownStart {
        rental_id: rental.rental_id,
        quote_id,
        key,
    }
}

/// Says what the station did.
pub(crate) async fn resolve_eject(
    world: &World,
    rental_id: &str,
    outcome: Value,
) -> anyhow::Result<Value> {
    world.operator(eject_resolved(rental_id, outcome)).await
}

pub(crate) fn eject_resolved(rental_id: &str, outcome: Value) -> Value {
    json!({ "command": "resolve-eject", "rental_id": rental_id, "outcome": outcome,
            "operator": "anna" })
}

/// A running rental of which nobody asks any more whether its deposit, which is held, is held.
pub(crate) async fn unknown_hold(world: &World, user: &str) -> String {
    let endpoint = "hold-money-for-order";
    fault(world, json!({ "endpoint": endpoint, "mode": "lose" })).await;
    let rental_id = world.rent(user, PLAIN).await.rental_id;
    world.advance(23 * HOURS + 30).await.unwrap();
    world.stub.heal().await.unwrap();
    rental_id
}

/// Says whether the provider holds the deposit.
pub(crate) async fn resolve_hold(
    world: &World,
    rental_id: &str,
    outcome: &str,
) -> anyhow::Result<Value> {
    world.operator(hold_resolved(rental_id, outcome)).await
}

pub(crate) fn hold_resolved(rental_id: &str, outcome: &str) -> Value {
    json!({ "command": "resolve-hold", "rental_id": rental_id, "outcome": outcome,
            "operator": "anna" })
}

/// An ended rental that has owed all of its total for so long that nobody collects it any more,
/// and the total. Its deposit is held.
pub(crate) async fn old_debt(world: &World) -> (String, i64) {
    let rental_id = rented_for(world, RICH, PLAIN, 44 * 60 + 20).await;
    let total = stop(world, &rental_id).await;
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400 });
    fault(world, declined).await;
    assert_eq!(int(&next_tick(world).await, "declined"), 1);
    world.advance(30 * DAYS).await.unwrap();
    assert_eq!(int(&next_tick(world).await, "left_to_a_person"), 1);
    world.stub.heal().await.unwrap();
    (rental_id, total)
}

pub(crate) fn retry_debt(rental_id: &str) -> Value {
    json!({ "command": "retry-debt", "rental_id": rental_id, "operator": "anna" })
}

pub(crate) fn write_off_debt(rental_id: &str, amount: i64) -> Value {
    json!({ "command": "write-off-debt", "rental_id": rental_id, "amount": amount,
            "operator": "anna", "reason": "the user moved away" })
}

/// Gives a command that is to be refused, and returns why it was.
pub(crate) async fn refused(world: &World, rental_id: &str, command: Value) -> String {
    let before = world.show(rental_id).await.unwrap();
    let error = world.operator(command).await.unwrap_err();
    assert_eq!(
        world.show(rental_id).await.unwrap(),
        before,
        "nothing changed"
    );
    format!("{error:#}")
}

/// What was recorded by hand about a rental: the commands.
pub(crate) async fn recorded(world: &World, rental_id: &str) -> Vec<String> {
    let shown = world.show(rental_id).await.unwrap();
    let actions = shown["operator_actions"].as_array().unwrap();
    actions
        .iter()
        .map(|action| action["command"]["command"].as_str().unwrap().to_owned())
        .collect()
}

/// A user without money whose rental ran into debt.
pub(crate) async fn owing(world: &World, seconds: i64) -> String {
    let rental_id = rented_for(world, BROKE, PLAIN, seconds).await;
    assert_eq!(int(&next_tick(world).await, "declined"), 1);
    rental_id
}
