//! What the endpoints make of bodies, fields and keys that are not as they should be.

mod bodies;
mod fields;
mod keys;

use crate::checks::{count, nothing_moved};
use serde_json::{Value, json};
use testkit::{Response, World, fresh_key};

const QUOTE: &str = "/api/v1/rentals/quote";
const START: &str = "/api/v1/rentals/start";
const STOP: &str = "/api/v1/rentals/stop";

/// Of each endpoint a body that is well-formed.
fn bodies() -> [(&'static str, Value); 3] {
    [
        (
            QUOTE,
            json!({ "user_id": "user-123", "station_id": "station-456" }),
        ),
        (
            START,
            json!({ "quote_id": format!("quote-{}", fresh_key()) }),
        ),
        (
            STOP,
            json!({ "rental_id": format!("rental-{}", fresh_key()), "station_id": "station-456" }),
        ),
    ]
}

/// POSTs a body as it is, with a fresh key.
async fn post_text(world: &World, path: &str, body: &str) -> Response {
    let key = fresh_key();
    let headers = vec![
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
    ];
    world
        .send("POST", path, headers, Some(body.to_owned()))
        .await
        .unwrap()
}

/// POSTs JSON with a fresh key.
async fn post(world: &World, path: &str, body: &Value) -> Response {
    world.post(path, Some(&fresh_key()), body).await.unwrap()
}

/// Nothing was written, and nobody was asked for anything.
async fn nothing_happened(world: &World) {
    assert_eq!(count(world, "SELECT count(*) FROM quotes").await, 0);
    assert_eq!(count(world, "SELECT count(*) FROM rentals").await, 0);
    assert_eq!(
        count(world, "SELECT count(*) FROM idempotency_keys").await,
        0
    );
    nothing_moved(world).await;
}
