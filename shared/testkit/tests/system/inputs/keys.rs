//! The `Idempotency-Key`: required by start and stop, of 1 to 255 visible characters.

use super::{QUOTE, START, STOP, nothing_happened, post};
use crate::checks::{count, only_rental, refusal, seen, stopped};
use serde_json::{Value, json};
use testkit::{Response, World, fresh_key};

/// Of start and stop a body that is well-formed.
fn bodies() -> impl Iterator<Item = (&'static str, Value)> {
    super::bodies()
        .into_iter()
        .filter(|(path, _)| *path != QUOTE)
}

async fn with_key(world: &World, path: &str, key: &str, body: &Value) -> Response {
    world.post(path, Some(key), body).await.unwrap()
}

#[tokio::test]
async fn without_a_key_start_and_stop_are_400_and_say_which_header_is_missing() {
    let world = World::start().await;
    for (path, body) in bodies() {
        let answer = world.post(path, None, &body).await.unwrap();
        let error = refusal(&answer, 400);
        assert!(error.contains("Idempotency-Key"), "{path}: {error}");
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_quote_needs_no_key() {
    let world = World::start().await;
    let body = json!({ "user_id": "user-123", "station_id": "station-456" });
    let without = world.post(QUOTE, None, &body).await.unwrap();
    assert_eq!(without.status, 200, "{}", without.body);
    assert_eq!(post(&world, QUOTE, &body).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_empty_too_long_or_not_visible_is_400() {
    let world = World::start().await;
    let too_long = "k".repeat(256);
    let too_long_in_quotes = format!("\"{too_long}\"");
    for (path, body) in bodies() {
        for key in [
            "",
            " ",
            "\"\"",
            "\" \"",
            "two words",
            "a\tb",
            "ключ",
            "caf\u{e9}",
            &too_long,
            &too_long_in_quotes,
        ] {
            let error = refusal(&with_key(&world, path, key, &body).await, 400);
            assert!(error.contains("Idempotency-Key"), "{key:?}: {error}");
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_key_is_checked_before_the_rental_is_ended() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let body = json!({ "rental_id": rented.rental_id, "station_id": "station-456" });
    refusal(&with_key(&world, STOP, &"k".repeat(256), &body).await, 400);
    refusal(&world.post(STOP, None, &body).await.unwrap(), 400);
    assert_eq!(
        seen(&world, &rented.rental_id).await["status"],
        json!("ACTIVE")
    );
    assert_eq!(stopped(&world, &rented.rental_id).await, 0);
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn one_visible_character_is_a_key_and_so_are_255() {
    let world = World::start().await;
    let longest = "k".repeat(255);
    let longest_in_quotes = format!("\"{}\"", "q".repeat(255));
    for key in [
        "!",
        "~",
        "a,b;c=d",
        longest.as_str(),
        longest_in_quotes.as_str(),
    ] {
        let quote_id = world.quoted("user-123", "station-kazansky").await;
        let body = json!({ "quote_id": quote_id });
        let start = with_key(&world, START, key, &body).await;
        assert_eq!(start.status, 200, "{key:?}: {}", start.body);
        assert_eq!(with_key(&world, START, key, &body).await, start, "{key:?}");
    }
    assert_eq!(world.stub.ejects().await.unwrap().len(), 5);
    assert_eq!(world.check_laws().await.unwrap(), 5);
}

#[tokio::test]
async fn a_key_in_quotes_is_the_same_key() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let start_body = json!({ "quote_id": quote_id });
    let key = fresh_key();
    let quoted = format!("\"{key}\"");
    let start = with_key(&world, START, &quoted, &start_body).await;
    assert_eq!(start.status, 200, "{}", start.body);
    assert_eq!(with_key(&world, START, &key, &start_body).await, start);
    let other = json!({ "quote_id": format!("quote-{}", fresh_key()) });
    refusal(&with_key(&world, START, &key, &other).await, 422);

    let rental_id = only_rental(&world).await;
    let stop_body = json!({ "rental_id": rental_id, "station_id": "station-456" });
    let stop = with_key(&world, STOP, &key, &stop_body).await;
    assert_eq!(stop.status, 200, "{}", stop.body);
    assert_eq!(with_key(&world, STOP, &quoted, &stop_body).await, stop);

    assert_eq!(
        count(&world, "SELECT count(*) FROM idempotency_keys").await,
        2
    );
    assert_eq!(world.stub.ejects().await.unwrap().len(), 1);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
}

#[tokio::test]
async fn keys_that_differ_in_case_are_different_keys() {
    let world = World::start().await;
    for key in ["key-a", "KEY-A"] {
        let quote_id = world.quoted("user-123", "station-456").await;
        let start = with_key(&world, START, key, &json!({ "quote_id": quote_id })).await;
        assert_eq!(start.status, 200, "{key}: {}", start.body);
    }
    assert_eq!(world.check_laws().await.unwrap(), 2);
}

#[tokio::test]
async fn the_name_of_the_header_may_be_written_in_any_case() {
    let world = World::start().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let body = json!({ "quote_id": quote_id }).to_string();
    let key = fresh_key();
    let mut answers = Vec::new();
    for name in ["Idempotency-Key", "IDEMPOTENCY-KEY", "idempotency-key"] {
        let headers = vec![(name, key.as_str())];
        let start = world.send("POST", START, headers, Some(body.clone())).await;
        answers.push(start.unwrap());
    }
    assert_eq!(answers[0].status, 200, "{}", answers[0].body);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.check_laws().await.unwrap(), 1);
    assert_eq!(
        world.books(&only_rental(&world).await).await.unwrap().holds,
        1
    );
}
