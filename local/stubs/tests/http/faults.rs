//! Each way in which the provider can misbehave.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Provider, Talker, payment, success, until};

const CLEAR: &str = "/clear-money-for-order";
/// Longer than any test waits.
const HOUR_MS: u64 = 3_600_000;

async fn order_fault(client: &Talker, fault: Value) {
    let answer = client.post("/admin/faults", fault).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn taken(client: &Talker) -> Value {
    client.ledger("order-1").await["taken"].clone()
}

/// The last call to the endpoint as (fault, status).
async fn last_call(client: &Talker) -> (Value, Value) {
    let calls = client
        .get("/admin/calls?endpoint=clear-money-for-order")
        .await
        .json();
    let last = calls["calls"]
        .as_array()
        .unwrap()
        .last()
        .cloned()
        .unwrap_or_default();
    (last["fault"].clone(), last["status"].clone())
}

fn clear() -> Value {
    payment("user-1", "order-1", 100)
}

#[tokio::test]
async fn fail_answers_its_status_and_does_nothing() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for status in [401, 429, 503] {
        let fault = json!({"endpoint": "clear-money-for-order", "mode": "fail", "status": status, "times": 1});
        order_fault(client, fault).await;
        let wanted = json!({"status": "error", "message": "Injected fault"});
        client.post(CLEAR, clear()).await.is(status, wanted);
        assert_eq!(last_call(client).await, (json!("fail"), json!(status)));
    }
    assert_eq!(taken(client).await, 0);
    client.post(CLEAR, clear()).await.is(200, success());
}

#[tokio::test]
async fn fail_is_500_by_default_in_the_shape_of_its_endpoint() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for endpoint in ["eject-powerbank", "tariff"] {
        order_fault(client, json!({"endpoint": endpoint, "mode": "fail"})).await;
    }
    let eject = client
        .post("/eject-powerbank", json!({"station_id": "station-456"}))
        .await;
    eject.is(500, json!({"success": false, "message": "Injected fault"}));
    client
        .get("/tariff?id=tariff-1")
        .await
        .is(500, json!({"error": "Injected fault"}));
    assert_eq!(client.stock("station-456").await, 5);
}

#[tokio::test]
async fn hang_never_answers_until_the_reset_lets_go() {
    let provider = Provider::start().await;
    let client = &provider.client;
    order_fault(
        client,
        json!({"endpoint": "clear-money-for-order", "mode": "hang"}),
    )
    .await;
    let caller = client.clone();
    let hanging = tokio::spawn(async move { caller.try_post(CLEAR, clear()).await });
    until("the call arrived", || async {
        last_call(client).await.0 == "hang"
    })
    .await;
    assert!(!hanging.is_finished());

    client
        .delete("/admin/faults")
        .await
        .is(200, json!({"faults": []}));

    assert!(hanging.await.unwrap().is_err(), "let go, but not answered");
    assert_eq!(last_call(client).await, (json!("hang"), Value::Null));
    assert_eq!(taken(client).await, 0);
    client.post(CLEAR, clear()).await.is(200, success());
}

#[tokio::test]
async fn stall_waits_and_then_does_the_work() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let fault = json!({"endpoint": "clear-money-for-order", "mode": "stall", "delay_ms": 60});
    order_fault(client, fault).await;
    let asked = Instant::now();
    client.post(CLEAR, clear()).await.is(200, success());
    assert!(asked.elapsed() >= Duration::from_millis(60));
    assert_eq!(taken(client).await, 100);
}

#[tokio::test]
async fn stall_does_nothing_before_its_delay_is_over() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let fault = json!({"endpoint": "clear-money-for-order", "mode": "stall", "delay_ms": HOUR_MS});
    order_fault(client, fault).await;
    let caller = client.clone();
    let stalled = tokio::spawn(async move { caller.try_post(CLEAR, clear()).await });
    until("the call arrived", || async {
        last_call(client).await.0 == "stall"
    })
    .await;
    assert_eq!(taken(client).await, 0);
    stalled.abort();
}

#[tokio::test]
async fn stall_does_the_work_for_a_caller_who_has_given_up() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let fault = json!({"endpoint": "clear-money-for-order", "mode": "stall", "delay_ms": 300});
    order_fault(client, fault).await;
    let caller = client.clone();
    let impatient = tokio::spawn(async move { caller.try_post(CLEAR, clear()).await });
    until("the call arrived", || async {
        last_call(client).await.0 == "stall"
    })
    .await;
    impatient.abort();
    until("the work was done", || async { taken(client).await == 100 }).await;
}

#[tokio::test]
async fn late_does_the_work_at_once_and_answers_after_the_delay() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let fault = json!({"endpoint": "clear-money-for-order", "mode": "late", "delay_ms": HOUR_MS, "times": 1});
    order_fault(client, fault).await;
    let caller = client.clone();
    let waiting = tokio::spawn(async move { caller.try_post(CLEAR, clear()).await });
    until("the work was done", || async { taken(client).await == 100 }).await;
    assert!(!waiting.is_finished());
    waiting.abort();

    let fault = json!({"endpoint": "clear-money-for-order", "mode": "late", "delay_ms": 60});
    order_fault(client, fault).await;
    let asked = Instant::now();
    client.post(CLEAR, clear()).await.is(200, success());
    assert!(asked.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn garbage_is_a_200_that_is_not_json_and_did_nothing() {
    let provider = Provider::start().await;
    let client = &provider.client;
    order_fault(
        client,
        json!({"endpoint": "clear-money-for-order", "mode": "garbage"}),
    )
    .await;
    let answer = client.post(CLEAR, clear()).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, "<html>not json")
    );
    assert_eq!(taken(client).await, 0);
}

#[tokio::test]
async fn lose_does_the_work_and_breaks_the_connection() {
    let provider = Provider::start().await;
    let client = &provider.client;
    order_fault(
        client,
        json!({"endpoint": "clear-money-for-order", "mode": "lose", "times": 1}),
    )
    .await;
    let key = [("Idempotency-Key", "key-1")];
    let lost = client
        .request(reqwest::Method::POST, CLEAR)
        .header(key[0].0, key[0].1)
        .json(&clear())
        .send()
        .await;
    assert!(lost.is_err(), "not even a status: {lost:?}");
    assert_eq!(taken(client).await, 100);
    assert_eq!(last_call(client).await, (json!("lose"), Value::Null));

    client
        .post_with(&key, CLEAR, clear())
        .await
        .is(200, success());
    assert_eq!(taken(client).await, 100, "asking again is only a question");
}

#[tokio::test]
async fn a_fault_can_be_for_one_user_or_one_order_only() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let base = json!({"endpoint": "clear-money-for-order", "mode": "fail"});
    for (field, value, status) in [("user_id", "user-1", 500), ("order_id", "order-1", 502)] {
        let mut fault = base.clone();
        fault[field] = json!(value);
        fault["status"] = json!(status);
        order_fault(client, fault).await;
    }
    let status = async |user, order| client.post(CLEAR, payment(user, order, 1)).await.status;
    assert_eq!(status("user-1", "order-9").await, 500);
    assert_eq!(status("user-2", "order-1").await, 502);
    assert_eq!(status("user-1", "order-1").await, 500);
    assert_eq!(status("user-2", "order-2").await, 200);
}

#[tokio::test]
async fn faults_apply_in_the_order_they_were_added_and_disappear_when_used_up() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for (status, times) in [(500, 2), (503, 1)] {
        let fault =
            json!({"endpoint": "configs", "mode": "fail", "status": status, "times": times});
        order_fault(client, fault).await;
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.get("/configs").await.status);
    }
    assert_eq!(seen, [500, 500, 503, 200]);
    assert_eq!(
        client.get("/admin/faults").await.json(),
        json!({"faults": []})
    );
}

#[tokio::test]
async fn a_deferred_request_has_no_answer_and_acts_when_late_ones_arrive() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let defer = json!({"endpoint": "clear-money-for-order", "mode": "defer", "times": 2});
    order_fault(client, defer).await;
    for _ in 0..2 {
        assert!(client.try_post(CLEAR, clear()).await.is_err());
    }
    assert_eq!(taken(client).await, 0);
    client
        .post("/admin/faults/deferred", json!({}))
        .await
        .is(200, json!({"arrived": 2}));
    assert_eq!(taken(client).await, 200);
    client
        .post("/admin/faults/deferred", json!({}))
        .await
        .is(200, json!({"arrived": 0}));
}

#[tokio::test]
async fn a_deferred_request_that_arrives_after_its_expiry_does_nothing() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let at = |second: u8| json!({ "stopped_at": format!("2026-01-01T00:00:{second:02}Z") });
    client.put("/admin/clock", at(0)).await;
    let defer = json!({"endpoint": "clear-money-for-order", "mode": "defer", "times": 1});
    order_fault(client, defer).await;
    let headers = [
        ("Idempotency-Key", "key-1"),
        ("Request-Expires-At", "2026-01-01T00:00:01Z"),
    ];
    let mut request = client.request(reqwest::Method::POST, CLEAR).json(&clear());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    assert!(request.send().await.is_err());
    client.put("/admin/clock", at(1)).await;
    client.post("/admin/faults/deferred", json!({})).await;
    assert_eq!(taken(client).await, 0);
}

#[tokio::test]
async fn a_refusal_is_remembered_under_its_key() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for endpoint in ["clear-money-for-order", "eject-powerbank"] {
        order_fault(
            client,
            json!({"endpoint": endpoint, "mode": "refuse", "times": 1}),
        )
        .await;
    }
    let eject = json!({"station_id": "station-456"});
    for _ in 0..2 {
        let answer = client.keyed("key-1", CLEAR, clear()).await;
        answer.is(400, json!({"status": "error", "message": "Refused"}));
        let answer = client
            .keyed("key-2", "/eject-powerbank", eject.clone())
            .await;
        answer.is(200, json!({"success": false, "message": "Refused"}));
    }
    assert_eq!(taken(client).await, 0);
    assert_eq!(client.stock("station-456").await, 5);
    client
        .keyed("key-3", CLEAR, clear())
        .await
        .is(200, success());
}

#[tokio::test]
async fn reading_cannot_be_refused() {
    let provider = Provider::start().await;
    let fault = json!({"endpoint": "tariff", "mode": "refuse"});
    assert_eq!(
        provider.client.post("/admin/faults", fault).await.status,
        422
    );
}
