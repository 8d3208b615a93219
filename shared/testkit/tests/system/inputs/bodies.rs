//! Bodies: missing, no JSON, of another shape, encoded.

use super::{QUOTE, START, STOP, nothing_happened, post_text};
use crate::checks::refusal;
use serde_json::{Value, json};
use testkit::{Response, World, fresh_key};

const ALL: [&str; 3] = [QUOTE, START, STOP];

/// `{"user_id": "user-123", "station_id": "station-456"}`
const QUOTE_IN_BASE64: &str =
    "eyJ1c2VyX2lkIjogInVzZXItMTIzIiwgInN0YXRpb25faWQiOiAic3RhdGlvbi00NTYifQ==";

/// Bytes that are no UTF-8.
const BYTES_IN_BASE64: &str = "//79gA==";

/// The gateway's event of a POST whose body it took for binary.
fn encoded(path: &str, base64: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/octet-stream",
            "idempotency-key": fresh_key(),
        },
        "requestContext": {
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "testkit",
            },
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": base64,
        "isBase64Encoded": true,
    })
}

/// Hands an event to a function, and reads its answer as the gateway does.
async fn answer(world: &World, function: &str, event: Value) -> Response {
    let answer = world.lambda.invoke(function, event).await.unwrap();
    let headers = answer["headers"].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Response {
        status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), text(value)))
            .collect(),
        body: text(&answer["body"]),
    }
}

#[tokio::test]
async fn a_missing_body_is_400() {
    let world = World::start().await;
    for path in ALL {
        let key = fresh_key();
        let headers = vec![("idempotency-key", key.as_str())];
        let missing = world.send("POST", path, headers, None).await.unwrap();
        assert_eq!(refusal(&missing, 400), "The body is missing", "{path}");
        let empty = post_text(&world, path, "").await;
        assert_eq!(refusal(&empty, 400), "The body is missing", "{path}");
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_400() {
    let world = World::start().await;
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let cut_off = r#"{"user_id": "user-123", "quote_id": "q", "rental_id": "r", "station_id"#;
    for path in ALL {
        for body in [
            " \n",
            "hello",
            "{",
            "{}{}",
            cut_off,
            "user_id=user-123&station_id=station-456",
            "<xml/>",
            "{'user_id': 'user-123', 'station_id': 'station-456'}",
            "\u{feff}{}",
            "\u{0}",
            r#"{"user_id": "\ud800", "quote_id": "\ud800", "rental_id": "\ud800"}"#,
            &nested,
        ] {
            refusal(&post_text(&world, path, body).await, 400);
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_400() {
    let world = World::start().await;
    for path in ALL {
        let long = format!("\"{}\"", "quote-".repeat(10_000));
        for body in ["null", "true", "42", "1.5", r#""quote-1""#, &long, "[]"] {
            refusal(&post_text(&world, path, body).await, 400);
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn values_that_stand_in_an_array_are_no_fields() {
    let world = World::start().await;
    for path in ALL {
        for body in [
            r#"["quote-1"]"#,
            r#"["user-123", "station-456"]"#,
            r#"["rental-1", "station-456"]"#,
            r#"[{"user_id": "user-123", "station_id": "station-456"}]"#,
        ] {
            let answer = post_text(&world, path, body).await;
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn what_nobody_asked_for_may_be_nested_as_deep_as_it_likes() {
    let world = World::start().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let body = format!(r#"{{"user_id": "user-123", "more": {deep}, "station_id": "station-456"}}"#);
    let quote = post_text(&world, QUOTE, &body).await;
    assert_eq!(quote.status, 200, "{}", quote.body);
}

#[tokio::test]
async fn a_field_that_comes_twice_is_400() {
    let world = World::start().await;
    for (path, body) in [
        (
            QUOTE,
            r#"{"user_id": "user-123", "user_id": "user-anna", "station_id": "station-456"}"#,
        ),
        (START, r#"{"quote_id": "quote-1", "quote_id": "quote-2"}"#),
        (
            STOP,
            r#"{"rental_id": "a", "station_id": "station-456", "station_id": "station-gum"}"#,
        ),
    ] {
        refusal(&post_text(&world, path, body).await, 400);
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_body_that_the_gateway_took_for_binary_is_read_all_the_same() {
    let world = World::start().await;
    let quote = answer(&world, "quote", encoded(QUOTE, QUOTE_IN_BASE64)).await;
    assert_eq!(quote.status, 200, "{}", quote.body);
    assert_eq!(quote.json()["deposit"], json!(500));
}

#[tokio::test]
async fn a_body_of_bytes_that_are_no_text_is_400() {
    let world = World::start().await;
    for (function, path) in ["quote", "start", "stop"].into_iter().zip(ALL) {
        let refused = answer(&world, function, encoded(path, BYTES_IN_BASE64)).await;
        refusal(&refused, 400);
    }
    nothing_happened(&world).await;
}
