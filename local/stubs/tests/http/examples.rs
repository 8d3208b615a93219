//! The seven published endpoints: their examples, and requests that cannot be answered.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Provider, payment, success};

#[tokio::test]
async fn the_reads_answer_what_the_examples_show() {
    let provider = Provider::start().await;
    let client = &provider.client;

    client.get("/station-data?id=station-456").await.is(
        200,
        json!({
            "id": "station-456",
            "tariff_id": "tariff-1",
            "location": {"lat": 55.7558, "lon": 37.6173},
            "available_powerbanks": 5
        }),
    );
    client.get("/tariff?id=tariff-1").await.is(
        200,
        json!({"id": "tariff-1", "price_per_hour": 60, "free_period_min": 5, "deposit": 500}),
    );
    client.get("/user-profile?id=user-123").await.is(
        200,
        json!({"id": "user-123", "trusted": true, "has_subscription": false}),
    );
    client.get("/configs").await.is(
        200,
        json!({"R_BUYOUT": 5000, "BILLING_TICK_SEC": 30, "DEBT_CHARGE_STEP": 100}),
    );
}

#[tokio::test]
async fn the_writes_answer_what_the_examples_show() {
    let provider = Provider::start().await;
    let client = &provider.client;

    client
        .post("/eject-powerbank", json!({"station_id": "station-456"}))
        .await
        .is(200, json!({"success": true, "powerbank_id": "pb-001"}));
    let hold = payment("user-123", "rental-abc", 500);
    client
        .post("/hold-money-for-order", hold)
        .await
        .is(200, success());
    let clear = payment("user-123", "rental-abc", 100);
    client
        .post("/clear-money-for-order", clear)
        .await
        .is(200, success());

    let declined = json!({"status": "error", "message": "Insufficient funds"});
    for path in ["/hold-money-for-order", "/clear-money-for-order"] {
        let answer = client
            .post(path, payment("user-broke", "rental-xyz", 100))
            .await;
        answer.is(400, declined.clone());
    }
}

#[tokio::test]
async fn a_missing_or_empty_id_is_400_and_an_unknown_one_404() {
    let provider = Provider::start().await;
    let client = &provider.client;

    for path in ["/station-data", "/tariff", "/user-profile"] {
        for query in ["", "?id=", "?other=1", "?id=a&id=b"] {
            let answer = client.get(&format!("{path}{query}")).await;
            assert_eq!(answer.status, 400, "{path}{query}");
            assert!(answer.json()["error"].is_string(), "{path}{query}");
        }
    }
    let station = client.get("/station-data?id=nowhere").await;
    station.is(404, json!({"error": "Station not found"}));
    client
        .get("/tariff?id=nothing")
        .await
        .is(404, json!({"error": "Tariff not found"}));
}

#[tokio::test]
async fn a_write_that_cannot_be_understood_is_422_in_the_shape_of_its_endpoint() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let bad_payments = [
        "",
        "not json",
        "[]",
        r#"{"user_id": "u", "order_id": "o"}"#,
        r#"{"user_id": "", "order_id": "o", "amount": 1}"#,
        r#"{"user_id": "u", "order_id": "", "amount": 1}"#,
        r#"{"user_id": "u", "order_id": "o", "amount": 0}"#,
        r#"{"user_id": "u", "order_id": "o", "amount": -5}"#,
        r#"{"user_id": "u", "order_id": "o", "amount": 1.5}"#,
        r#"{"user_id": "u", "order_id": "o", "amount": 9223372036854775808}"#,
    ];
    let bad_others = [
        ("/release-money-for-order", r#"{"user_id": "u"}"#),
        (
            "/return-powerbank",
            r#"{"station_id": "station-456", "powerbank_id": ""}"#,
        ),
        ("/eject-powerbank", r#"{"station_id": ""}"#),
        ("/eject-powerbank", r#"{"station_id": 456}"#),
    ];
    let payments = ["/hold-money-for-order", "/clear-money-for-order"]
        .into_iter()
        .flat_map(|path| bad_payments.map(|body| (path, body)));

    for (path, body) in payments.chain(bad_others) {
        let request = client.request(Method::POST, path).body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 422, "{path} {body}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer["message"].is_string(), "{path} {body}: {answer}");
        let (field, wanted) = match path {
            "/eject-powerbank" => ("success", json!(false)),
            _ => ("status", json!("error")),
        };
        assert_eq!(answer[field], wanted, "{path} {body}");
    }
    let ledger = client.get("/admin/ledger").await.json();
    assert_eq!(ledger, json!({"orders": []}), "nothing was done");
}

#[tokio::test]
async fn an_unknown_path_a_wrong_method_and_an_endless_body_are_json_errors() {
    let provider = Provider::start().await;
    let client = &provider.client;

    client
        .get("/nothing")
        .await
        .is(404, json!({"error": "Not found"}));
    client
        .get("/admin/nothing")
        .await
        .is(404, json!({"error": "Not found"}));
    client
        .get("/eject-powerbank")
        .await
        .is(405, json!({"error": "Method not allowed"}));
    client
        .post("/tariff", json!({}))
        .await
        .is(405, json!({"error": "Method not allowed"}));
    client
        .delete("/admin/ledger")
        .await
        .is(405, json!({"error": "Method not allowed"}));
    let long = client
        .post(
            "/eject-powerbank",
            json!({"station_id": "x".repeat(70_000)}),
        )
        .await;
    assert_eq!(long.status, 413);
    assert!(long.json()["error"].is_string());
}
