//! What the tests of starts and stops look at and do beyond what `World` offers.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use std::time::Duration;
use testkit::{Response, World, fresh_key};
use uuid::Uuid;

/// No condition takes longer to come true, unless it never does.
const PATIENCE: Duration = Duration::from_secs(15);

/// A rental as db-rental has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) rental_id: String,
    pub(crate) status: String,
}

impl Begun {
    pub(crate) fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }
}

/// Every rental that a quote began, oldest first.
pub(crate) async fn rentals_of(world: &World, quote_id: &str) -> Vec<Begun> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT rental_id, status FROM rentals WHERE quote_id = $1 ORDER BY created_at",
    )
    .bind(uuid(quote_id))
    .fetch_all(&world.databases.rental)
    .await
    .unwrap();
    let begun = |(id, status)| Begun {
        rental_id: format!("rental-{id}"),
        status,
    };
    rows.into_iter().map(begun).collect()
}

/// The one rental that a quote began.
pub(crate) async fn rental_of(world: &World, quote_id: &str) -> Begun {
    let rentals = rentals_of(world, quote_id).await;
    assert_eq!(rentals.len(), 1, "{quote_id} began {rentals:?}");
    rentals.into_iter().next().unwrap()
}

/// How many rentals there are, whatever became of them.
pub(crate) async fn rental_count(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM rentals")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

/// Where db-rental says that a hold stands.
pub(crate) async fn hold_status(world: &World, rental_id: &str) -> String {
    sqlx::query_scalar("SELECT hold_status FROM rentals WHERE rental_id = $1")
        .bind(uuid(rental_id))
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

/// How many holds the provider made for a rental, and what it still holds.
pub(crate) async fn deposit(world: &World, rental_id: &str) -> (i64, i64) {
    let books = world.books(rental_id).await.unwrap();
    (books.holds, books.held)
}

/// How many releases the provider made for a rental.
pub(crate) async fn releases(world: &World, rental_id: &str) -> Value {
    world.stub.ledger(rental_id).await.unwrap()["releases"].clone()
}

/// How many power banks left their stations.
pub(crate) async fn ejects(world: &World) -> usize {
    world.stub.ejects().await.unwrap().len()
}

/// How many calls came to an endpoint of the stubs.
pub(crate) async fn calls(world: &World, endpoint: &str) -> usize {
    world.stub.calls(endpoint).await.unwrap().len()
}

/// How many power banks stand in a station.
pub(crate) async fn stock(world: &World, station_id: &str) -> Value {
    let path = format!("/station-data?id={station_id}");
    world.stub.get(&path).await.unwrap()["available_powerbanks"].clone()
}

/// Fills or empties a station.
pub(crate) async fn set_stock(world: &World, station_id: &str, available: u64) {
    let stock = json!({ "available_powerbanks": available });
    world
        .stub
        .put(&format!("/admin/stations/{station_id}"), stock)
        .await
        .unwrap();
}

/// Says which power bank a station ejects next.
pub(crate) async fn next_powerbank(world: &World, station_id: &str, powerbank_id: &str) {
    let next = json!({ "next_powerbank_id": powerbank_id });
    world
        .stub
        .put(&format!("/admin/stations/{station_id}"), next)
        .await
        .unwrap();
}

/// Makes the next call to an endpoint of the stubs fail in a way.
pub(crate) async fn fault_once(world: &World, endpoint: &str, mode: &str) {
    fault(
        world,
        json!({ "endpoint": endpoint, "mode": mode, "times": 1 }),
    )
    .await;
}

/// Adds a fault to the stubs.
pub(crate) async fn fault(world: &World, fault: Value) {
    world.stub.fault(fault).await.unwrap();
}

/// Stops db-rental's clock at a moment, until time is moved on.
pub(crate) async fn stop_rental_clock_at(world: &World, moment: &str) {
    let clock = format!(
        "CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE \
         RETURN timestamptz '{moment}'"
    );
    let pool = &world.databases.rental;
    pool.execute(AssertSqlSafe(clock)).await.unwrap();
}

/// Reads a moment out of db-rental, `seconds` later.
pub(crate) async fn rental_moment(world: &World, column: &str, of: &str, seconds: i64) -> String {
    let (table, key) = match of.split_once('-') {
        Some(("quote", _)) => ("quotes", "quote_id"),
        _ => ("rentals", "rental_id"),
    };
    let sql = format!(
        "SELECT ({column} + interval '{seconds} seconds')::text FROM {table} WHERE {key} = $1"
    );
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(uuid(of))
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

/// Waits until a condition comes true.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let came = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(PATIENCE, came).await;
    assert!(came.is_ok(), "{what}: that never came");
}

/// Waits until an endpoint of the stubs was called `times` times.
pub(crate) async fn until_called(world: &World, endpoint: &str, times: usize) {
    let what = format!("{times} calls of {endpoint}");
    until(&what, async || calls(world, endpoint).await >= times).await;
}

/// Stops a rental at a station under a fresh key; it must succeed.
pub(crate) async fn stopped(world: &World, rental_id: &str, station_id: &str) -> Response {
    let stop = world
        .stop(rental_id, station_id, &fresh_key())
        .await
        .unwrap();
    assert_eq!(stop.status, 200, "no stop: {}", stop.body);
    stop
}

/// Asserts `{"error": …}` to the letter.
#[track_caller]
pub(crate) fn assert_error(response: &Response, status: u16, error: &str) {
    let body = json!({ "error": error }).to_string();
    assert_eq!(
        (response.status, response.body.as_str()),
        (status, body.as_str())
    );
}

/// Asserts a 503 that asks to come again.
#[track_caller]
pub(crate) fn assert_unavailable(response: &Response) {
    assert_eq!(response.status, 503, "{}", response.body);
    assert_comes_again(response);
}

/// Asserts the 409 of a request whose twin still runs.
#[track_caller]
pub(crate) fn assert_in_flight(response: &Response) {
    let error = "A request with this Idempotency-Key is in progress";
    assert_error(response, 409, error);
    assert_comes_again(response);
}

#[track_caller]
fn assert_comes_again(response: &Response) {
    let retry_after = response.headers.get("retry-after").map(String::as_str);
    assert_eq!(retry_after, Some("1"), "{}", response.body);
    assert!(!response.error().is_empty());
}

fn uuid(id: &str) -> Uuid {
    let (_, uuid) = id.split_once('-').unwrap();
    uuid.parse().unwrap()
}
