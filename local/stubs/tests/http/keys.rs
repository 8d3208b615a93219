//! Asking again: idempotency keys and expiry.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::kit::{Provider, Talker, payment, success};

const KEY: &str = "0198c0de-0000-7000-8000-000000000001";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// One request per endpoint that honours keys.
fn writes() -> [(&'static str, Value); 5] {
    [
        ("/eject-powerbank", json!({"station_id": "station-456"})),
        (
            "/return-powerbank",
            json!({"station_id": "station-456", "powerbank_id": "pb-9"}),
        ),
        ("/hold-money-for-order", payment("user-1", "order-1", 500)),
        ("/clear-money-for-order", payment("user-1", "order-1", 100)),
        (
            "/release-money-for-order",
            json!({"user_id": "user-1", "order_id": "order-1"}),
        ),
    ]
}

/// Everything that a write can change.
async fn state(client: &Talker) -> [Value; 4] {
    [
        client.ledger("order-1").await,
        client.balance("user-1").await,
        client.stock("station-456").await,
        client.get("/admin/ejects").await.json(),
    ]
}

#[tokio::test]
async fn a_repeated_key_gets_the_same_bytes_and_acts_once() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for (number, (path, body)) in writes().into_iter().enumerate() {
        let key = format!("key-{number}");
        let first = client.keyed(&key, path, body.clone()).await;
        assert_eq!(first.status, 200, "{path}");
        let after = state(client).await;
        for _ in 0..3 {
            assert_eq!(
                client.keyed(&key, path, body.clone()).await,
                first,
                "{path}"
            );
        }
        assert_eq!(state(client).await, after, "{path}");
    }
}

#[tokio::test]
async fn without_a_key_every_call_acts() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for _ in 0..2 {
        client
            .post("/hold-money-for-order", payment("user-1", "order-1", 500))
            .await;
    }
    assert_eq!(client.ledger("order-1").await["held"], 1000);
}

#[tokio::test]
async fn twenty_equal_holds_at_once_act_once() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let holds = (0..20).map(|_| {
        client.keyed(
            KEY,
            "/hold-money-for-order",
            payment("user-1", "order-1", 500),
        )
    });
    for answer in join_all(holds).await {
        answer.is(200, success());
    }
    let ledger = client.ledger("order-1").await;
    assert_eq!(
        (&ledger["holds"], &ledger["held"]),
        (&json!(1), &json!(500))
    );
}

#[tokio::test]
async fn a_decline_is_repeated_even_when_the_money_came_meanwhile() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let hold = payment("user-broke", "order-1", 500);
    let declined = client
        .keyed(KEY, "/hold-money-for-order", hold.clone())
        .await;
    assert_eq!(declined.status, 400);
    client
        .put("/admin/accounts/user-broke", json!({"balance": 1000}))
        .await;
    assert_eq!(
        client
            .keyed(KEY, "/hold-money-for-order", hold.clone())
            .await,
        declined
    );
    client
        .keyed("another", "/hold-money-for-order", hold)
        .await
        .is(200, success());
}

#[tokio::test]
async fn a_key_used_for_something_else_is_refused() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .keyed(
            KEY,
            "/hold-money-for-order",
            payment("user-1", "order-1", 500),
        )
        .await;
    let before = state(client).await;

    let other_body = client
        .keyed(
            KEY,
            "/hold-money-for-order",
            payment("user-1", "order-1", 501),
        )
        .await;
    assert_eq!(
        (other_body.status, &other_body.json()["status"]),
        (422, &json!("error"))
    );
    let other_endpoint = client
        .keyed(
            KEY,
            "/clear-money-for-order",
            payment("user-1", "order-1", 500),
        )
        .await;
    assert_eq!(other_endpoint.status, 422);
    let eject = client
        .keyed(
            KEY,
            "/eject-powerbank",
            json!({"station_id": "station-456"}),
        )
        .await;
    assert_eq!(
        (eject.status, &eject.json()["success"]),
        (422, &json!(false))
    );
    assert_eq!(state(client).await, before);
}

#[tokio::test]
async fn an_expired_request_never_acts_for_the_first_time() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let before = state(client).await;
    for (path, body) in writes() {
        let headers = [("Idempotency-Key", KEY), ("Request-Expires-At", LONG_AGO)];
        let wanted = match path {
            "/eject-powerbank" => json!({"success": false, "message": "Request expired"}),
            _ => json!({"status": "error", "message": "Request expired"}),
        };
        for _ in 0..2 {
            client
                .post_with(&headers, path, body.clone())
                .await
                .is(410, wanted.clone());
        }
        client
            .post_with(&headers[1..], path, body)
            .await
            .is(410, wanted);
    }
    assert_eq!(state(client).await, before);
}

#[tokio::test]
async fn an_expired_request_whose_key_was_seen_is_repeated() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for (number, (path, body)) in writes().into_iter().enumerate() {
        let key = format!("key-{number}");
        let first = client.keyed(&key, path, body.clone()).await;
        let after = state(client).await;
        let headers = [
            ("Idempotency-Key", key.as_str()),
            ("Request-Expires-At", LONG_AGO),
        ];
        assert_eq!(
            client.post_with(&headers, path, body).await,
            first,
            "{path}"
        );
        assert_eq!(state(client).await, after, "{path}");
    }
}

#[tokio::test]
async fn expiry_follows_the_providers_own_clock() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .put("/admin/clock", json!({"offset_sec": 86_400}))
        .await;
    let tomorrow = client.get("/admin/clock").await.json()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let hold = payment("user-1", "order-1", 500);
    let headers = [
        ("Idempotency-Key", KEY),
        ("Request-Expires-At", tomorrow.as_str()),
    ];

    let late = client
        .post_with(&headers, "/hold-money-for-order", hold.clone())
        .await;
    assert_eq!(late.status, 410);
    client.put("/admin/clock", json!({"offset_sec": 0})).await;
    let in_time = client
        .post_with(&headers, "/hold-money-for-order", hold)
        .await;
    in_time.is(200, success());
}

#[tokio::test]
async fn malformed_headers_are_refused_and_nothing_is_done() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let long = "k".repeat(256);
    let malformed = [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "two words"),
        ("Idempotency-Key", long.as_str()),
        ("Request-Expires-At", ""),
        ("Request-Expires-At", "tomorrow"),
        ("Request-Expires-At", "2030-01-01"),
    ];
    let before = state(client).await;
    for (path, body) in writes() {
        for header in malformed {
            let answer = client.post_with(&[header], path, body.clone()).await;
            assert_eq!(answer.status, 422, "{path} {header:?}");
            assert!(answer.json()["message"].is_string(), "{path} {header:?}");
        }
    }
    assert_eq!(state(client).await, before);
}
