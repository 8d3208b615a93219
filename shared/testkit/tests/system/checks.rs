//! What several tests do to the clocks, and look at in an answer.

use serde_json::Value;
use sqlx::types::chrono::{DateTime, Utc};
use testkit::{Response, World, fresh_key};

pub(crate) type Moment = DateTime<Utc>;

/// Seconds after which the example's 60 an hour have come to its buyout of 5000.
pub(crate) const BUYOUT_SEC: i64 = 4_999 * 60 + 1;

/// What an answer must not carry: pieces of SQL, of Rust types, of paths.
const INSIDE: [&str; 12] = [
    "struct",
    "::",
    "Option",
    "QuoteRequest",
    "StartRequest",
    "StopRequest",
    "panicked",
    "sqlx",
    "SELECT",
    "INSERT",
    "constraint",
    ".rs",
];

/// Moves a moment, back where `seconds` is negative.
pub(crate) fn shifted(moment: Moment, seconds: i64) -> Moment {
    let seconds = moment.timestamp().checked_add(seconds).unwrap();
    Moment::from_timestamp(seconds, moment.timestamp_subsec_nanos()).unwrap()
}

/// A moment in an answer, which must be in whole seconds and end in `Z`, as the API's examples print it.
pub(crate) fn moment(answer: &Value, field: &str) -> Moment {
    let text = answer[field].as_str().unwrap();
    let moment: Moment = text.parse().unwrap();
    assert_eq!(text, moment.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    moment
}

/// The fields of an answer, in their order.
pub(crate) fn fields(answer: &Response) -> Vec<String> {
    let body = answer.json();
    body.as_object().unwrap().keys().cloned().collect()
}

/// The text of a refusal, which has its status, the one error shape, and nothing of the inside.
pub(crate) fn refusal(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/json");
    let error = answer.error();
    assert!(!error.trim().is_empty(), "{}", answer.body);
    assert!(error.len() < 300, "this is no sentence: {error}");
    for inside in INSIDE {
        assert!(
            !error.contains(inside),
            "{inside:?} is shown to clients: {error}"
        );
    }
    error
}

/// The text of a 503, which says when to come again.
pub(crate) fn outage(answer: &Response) -> String {
    let error = refusal(answer, 503);
    let seconds: u32 = answer.headers["retry-after"].parse().unwrap();
    assert!((1..=60).contains(&seconds), "Retry-After: {seconds}");
    error
}

/// Nobody was asked for a power bank or for money.
pub(crate) async fn nothing_moved(world: &World) {
    for endpoint in [
        "eject-powerbank",
        "hold-money-for-order",
        "clear-money-for-order",
    ] {
        let calls = world.stub.calls(endpoint).await.unwrap();
        assert!(calls.is_empty(), "{endpoint}: {calls:?}");
    }
}

/// How many rows a statement counts in db-rental.
pub(crate) async fn count(world: &World, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement)
        .fetch_one(&world.databases.rental)
        .await
        .unwrap()
}

/// The one rental that there is, whether or not any client has heard of it.
pub(crate) async fn only_rental(world: &World) -> String {
    let id: uuid::Uuid = sqlx::query_scalar("SELECT rental_id FROM rentals")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    assert_eq!(count(world, "SELECT count(*) FROM rentals").await, 1);
    format!("rental-{id}")
}

/// Starts by a quote that must serve. Returns the rental and the moment of its start.
pub(crate) async fn started(world: &World, quote_id: &str) -> (String, Moment) {
    let start = world.start_rental(quote_id, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 200, "{}", start.body);
    let start = start.json();
    let rental_id = start["rental_id"].as_str().unwrap().to_owned();
    (rental_id, moment(&start, "started_at"))
}

/// Stops a rental, and returns its total.
pub(crate) async fn stopped(world: &World, rental_id: &str) -> i64 {
    let stop = world
        .stop(rental_id, "station-456", &fresh_key())
        .await
        .unwrap();
    assert_eq!(stop.status, 200, "{}", stop.body);
    stop.json()["total_amount"].as_i64().unwrap()
}

/// The status of a rental that users can see.
pub(crate) async fn seen(world: &World, rental_id: &str) -> Value {
    let status = world.status(rental_id).await.unwrap();
    assert_eq!(status.status, 200, "{}", status.body);
    status.json()
}
