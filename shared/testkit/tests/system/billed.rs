//! What the tests of billing ask of a world.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgPool, Row};
use testkit::{World, fresh_key, scheduled_event};
use uuid::Uuid;

/// 60 an hour, 5 minutes free, a deposit of 500.
pub(crate) const PLAIN: &str = "station-456";
/// One unit a second, nothing free, a deposit of 500.
pub(crate) const DEMO: &str = "station-demo";
/// Trusted, with 100,000.
pub(crate) const RICH: &str = "user-123";
/// Trusted, with nothing.
pub(crate) const BROKE: &str = "user-broke";
pub(crate) const CLEAR: &str = "clear-money-for-order";

/// The UUID beneath `rental-…`.
pub(crate) fn uuid(rental_id: &str) -> Uuid {
    rental_id.trim_start_matches("rental-").parse().unwrap()
}

/// An attempt, as it stands in db-billing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) amount: i64,
    pub(crate) step: Option<i64>,
    pub(crate) status: String,
}

/// Every attempt of a rental, oldest first.
pub(crate) async fn attempts(world: &World, rental_id: &str) -> Vec<Attempt> {
    let rows = sqlx::query(
        "SELECT attempt_id, kind, amount, step, status FROM payment_attempts
         WHERE rental_id = $1 ORDER BY created_at, attempt_id",
    )
    .bind(uuid(rental_id))
    .fetch_all(&world.databases.billing)
    .await
    .unwrap();
    rows.into_iter()
        .map(|row| Attempt {
            id: row.get::<Uuid, _>("attempt_id").to_string(),
            kind: row.get("kind"),
            amount: row.get("amount"),
            step: row.get("step"),
            status: row.get("status"),
        })
        .collect()
}

/// The clears that came to the provider for a rental.
pub(crate) async fn clears(world: &World, rental_id: &str) -> Vec<Value> {
    let calls = world.stub.calls(CLEAR).await.unwrap();
    calls
        .into_iter()
        .filter(|call| call["body"]["order_id"] == json!(rental_id))
        .collect()
}

/// What the provider's ledger says it did for a rental: kinds, in their order.
pub(crate) async fn movements(world: &World, rental_id: &str) -> Vec<String> {
    let ledger = world.stub.ledger(rental_id).await.unwrap();
    let entries = ledger["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// The events in db-billing's outbox about a rental.
pub(crate) async fn events(world: &World, rental_id: &str) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT kind, amount FROM outbox WHERE rental_id = $1 ORDER BY position")
        .bind(uuid(rental_id))
        .fetch_all(&world.databases.billing)
        .await
        .unwrap()
}

/// Rents, and lets time pass.
pub(crate) async fn rented_for(world: &World, user: &str, station: &str, seconds: i64) -> String {
    let rental_id = world.rent(user, station).await.rental_id;
    world.advance(seconds).await.unwrap();
    rental_id
}

/// Executes SQL as it stands: what only a hand at the database could do.
pub(crate) async fn sql(pool: &PgPool, statement: String) {
    pool.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// Law 16: once everything has settled, nobody works on anything.
pub(crate) async fn no_lease_is_held(world: &World) {
    for pool in [&world.databases.rental, &world.databases.billing] {
        let held = "SELECT count(*) FROM rentals WHERE lease_token IS NOT NULL".to_owned();
        assert_eq!(number(pool, held).await, 0);
    }
}

/// Asks a database for one number.
pub(crate) async fn number(pool: &PgPool, query: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query))
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Moves time to just after the start of the next slot of `grid_sec` seconds: what a test then
/// does within its rest falls into one slot.
pub(crate) async fn next_slot_of(world: &World, grid_sec: i64) {
    let left = format!(
        "SELECT {grid_sec} - floor(extract(epoch FROM app_now()))::bigint % {grid_sec} + 1"
    );
    let left = number(&world.databases.billing, left).await;
    world.advance(left).await.unwrap();
}

/// Moves time to the next slot in which ticks work.
pub(crate) async fn next_slot(world: &World) {
    next_slot_of(world, 30).await;
}

/// A tick in the next slot.
pub(crate) async fn next_tick(world: &World) -> Value {
    next_slot(world).await;
    world.tick().await.unwrap()
}

/// A tick in a process of its own, which has cached nothing.
pub(crate) async fn fresh_tick(world: &World, env: &[(&str, &str)]) -> Value {
    let event = scheduled_event();
    let tick = world.lambda.invoke_with("billing-tick", event, env).await;
    tick.unwrap()
}

/// Stops a rental, and returns its total.
pub(crate) async fn stop(world: &World, rental_id: &str) -> i64 {
    let stop = world.stop(rental_id, PLAIN, &fresh_key()).await.unwrap();
    assert_eq!(stop.status, 200, "{}", stop.body);
    stop.json()["total_amount"].as_i64().unwrap()
}

/// An operator says when a rental ended.
pub(crate) async fn finish(world: &World, rental_id: &str, at: &Value) -> anyhow::Result<Value> {
    world
        .operator(
            json!({ "command": "finish", "rental_id": rental_id, "finished_at": at,
                          "operator": "anna", "reason": "it came back long ago" }),
        )
        .await
}

/// What the status says is owed.
pub(crate) async fn current_debt(world: &World, rental_id: &str) -> Option<i64> {
    let status = world.status(rental_id).await.unwrap();
    assert_eq!(status.status, 200, "{}", status.body);
    status.json()["current_debt"].as_i64()
}

/// Sets the configs.
pub(crate) async fn configs(world: &World, buyout: i64, tick_sec: i64, step: i64) {
    let configs =
        json!({ "R_BUYOUT": buyout, "BILLING_TICK_SEC": tick_sec, "DEBT_CHARGE_STEP": step });
    world.stub.put("/admin/configs", configs).await.unwrap();
}

/// A text field of a JSON object.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{value} has no text {field}"))
}

/// A whole number in a JSON object.
pub(crate) fn int(value: &Value, field: &str) -> i64 {
    value[field]
        .as_i64()
        .unwrap_or_else(|| panic!("{value} has no number {field}"))
}
