//! What `/admin` takes, shows and refuses.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Provider, payment};

#[tokio::test]
async fn bad_admin_bodies_are_422_with_a_sentence() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let bad = [
        (Method::POST, "/admin/faults", "not json"),
        (Method::POST, "/admin/faults", r#"{"endpoint": "tariff"}"#),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "healthz", "mode": "fail"}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "explode"}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "fail", "status": 99}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "hang", "status": 500}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "fail", "delay_ms": 5}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "fail", "times": 0}"#,
        ),
        (
            Method::POST,
            "/admin/faults",
            r#"{"endpoint": "tariff", "mode": "fail", "tmes": 1}"#,
        ),
        (Method::PUT, "/admin/clock", "{}"),
        (Method::PUT, "/admin/clock", r#"{"offset_sec": "1"}"#),
        (
            Method::PUT,
            "/admin/clock",
            r#"{"offset_sec": 9223372036854775807}"#,
        ),
        (
            Method::PUT,
            "/admin/clock",
            r#"{"offset_sec": -9223372036854775808}"#,
        ),
        (Method::PUT, "/admin/configs", "[]"),
        (Method::PUT, "/admin/accounts/user-1", r#"{"balance": -1}"#),
        (Method::PUT, "/admin/accounts/user-1", r#"{"balance": 1.5}"#),
        (
            Method::PUT,
            "/admin/tariffs/tariff-1",
            r#"{"price_per_hour": 1}"#,
        ),
        (
            Method::PUT,
            "/admin/users/user-1",
            r#"{"trusted": "yes", "has_subscription": false}"#,
        ),
        (
            Method::PUT,
            "/admin/stations/station-456",
            r#"{"available_powerbanks": -1}"#,
        ),
        (
            Method::PUT,
            "/admin/stations/station-456",
            r#"{"next_powerbank_id": ""}"#,
        ),
        (
            Method::PUT,
            "/admin/stations/station-456",
            r#"{"name": "elsewhere"}"#,
        ),
    ];
    for (method, path, body) in bad {
        let response = client
            .request(method, path)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 422, "{path} {body}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer["error"].is_string(), "{path} {body}: {answer}");
    }
    assert_eq!(
        client.get("/admin/faults").await.json(),
        json!({"faults": []})
    );
}

#[tokio::test]
async fn faults_are_shown_as_they_were_ordered() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let fault = json!({
        "endpoint": "hold-money-for-order", "mode": "late", "status": null, "delay_ms": 10,
        "times": 3, "user_id": "user-1", "order_id": null
    });
    client
        .post("/admin/faults", fault.clone())
        .await
        .is(200, json!({"faults": [fault]}));
}

#[tokio::test]
async fn the_catalogue_can_be_overridden() {
    let provider = Provider::start().await;
    let client = &provider.client;

    client
        .put("/admin/configs", json!({"R_BUYOUT": 0}))
        .await
        .is(200, json!({"R_BUYOUT": 0}));
    client.get("/configs").await.is(200, json!({"R_BUYOUT": 0}));

    let terms = json!({"price_per_hour": -5, "free_period_min": 0, "deposit": 7});
    assert_eq!(
        client.put("/admin/tariffs/tariff-x", terms).await.status,
        200
    );
    client.get("/tariff?id=tariff-x").await.is(
        200,
        json!({"id": "tariff-x", "price_per_hour": -5, "free_period_min": 0, "deposit": 7}),
    );

    let standing = json!({"trusted": false, "has_subscription": true});
    assert_eq!(
        client.put("/admin/users/user-x", standing).await.status,
        200
    );
    client.get("/user-profile?id=user-x").await.is(
        200,
        json!({"id": "user-x", "trusted": false, "has_subscription": true}),
    );

    let station = json!({
        "id": "station-456", "tariff_id": "tariff-x",
        "location": {"lat": 55.7558, "lon": 37.6173}, "available_powerbanks": 2
    });
    let changes = json!({"available_powerbanks": 2, "tariff_id": "tariff-x"});
    client
        .put("/admin/stations/station-456", changes)
        .await
        .is(200, station.clone());
    client
        .get("/station-data?id=station-456")
        .await
        .is(200, station);
    let unknown = client.put("/admin/stations/nowhere", json!({})).await;
    unknown.is(404, json!({"error": "Station not found"}));
}

#[tokio::test]
async fn the_clock_can_be_moved_both_ways() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let now = async || {
        client.get("/admin/clock").await.json()["now"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let real = now().await;
    client
        .put("/admin/clock", json!({"offset_sec": 86_400}))
        .await;
    assert!(now().await > real);
    client
        .put("/admin/clock", json!({"offset_sec": -86_400}))
        .await;
    assert!(now().await < real);
}

#[tokio::test]
async fn calls_are_recorded_as_they_came_with_their_answers_status() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let headers = [
        ("Idempotency-Key", "key-1"),
        ("Request-Expires-At", "2100-01-01T00:00:00Z"),
    ];
    client.get("/tariff?id=tariff-1").await;
    let hold = payment("user-1", "order-1", 5);
    client
        .post_with(&headers, "/hold-money-for-order", hold.clone())
        .await;
    client.post("/hold-money-for-order", json!("text")).await;
    client.get("/admin/ledger").await;

    let mut listed = client.get("/admin/calls").await.json();
    for call in listed["calls"].as_array_mut().unwrap() {
        assert!(
            call.as_object_mut()
                .unwrap()
                .remove("at")
                .unwrap()
                .is_string()
        );
    }
    let wanted = json!({"dropped": 0, "calls": [
        {"seq": 1, "method": "GET", "endpoint": "tariff", "query": "id=tariff-1",
         "idempotency_key": null, "request_expires_at": null, "body": null, "fault": null, "status": 200},
        {"seq": 2, "method": "POST", "endpoint": "hold-money-for-order", "query": null,
         "idempotency_key": "key-1", "request_expires_at": "2100-01-01T00:00:00Z", "body": hold,
         "fault": null, "status": 200},
        {"seq": 3, "method": "POST", "endpoint": "hold-money-for-order", "query": null,
         "idempotency_key": null, "request_expires_at": null, "body": "text", "fault": null, "status": 422},
    ]});
    assert_eq!(listed, wanted);

    let filtered = async |query| {
        let calls = client.get(&format!("/admin/calls{query}")).await.json();
        let calls = calls["calls"].as_array().unwrap().clone();
        calls
            .iter()
            .map(|call| call["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(filtered("?endpoint=hold-money-for-order").await, [2, 3]);
    assert_eq!(filtered("?order_id=order-1").await, [2]);
    assert_eq!(
        filtered("?endpoint=tariff&order_id=order-1").await,
        [0_u64; 0]
    );

    client
        .delete("/admin/calls")
        .await
        .is(200, json!({"calls": [], "dropped": 0}));
    client.get("/healthz").await;
    assert_eq!(filtered("").await, [4]);
}

#[tokio::test]
async fn only_the_newest_ten_thousand_calls_are_kept() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for _ in 0..101 {
        join_all((0..100).map(|_| client.get("/configs"))).await;
    }
    let listed = client.get("/admin/calls").await.json();
    let calls = listed["calls"].as_array().unwrap();
    assert_eq!((calls.len(), &listed["dropped"]), (10_000, &json!(100)));
    assert_eq!(
        (&calls[0]["seq"], &calls[9_999]["seq"]),
        (&json!(101), &json!(10_100))
    );
    assert!(calls.iter().all(|call| call["status"] == 200));
}

#[tokio::test]
async fn the_ledger_is_shown_page_by_page_in_the_order_of_its_orders() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for order in ["order-c", "order-a", "order-b"] {
        let hold = payment("user-1", order, 5);
        client.post("/hold-money-for-order", hold).await;
    }
    let clear = payment("user-1", "order-b", 2);
    client.keyed("key-1", "/clear-money-for-order", clear).await;
    let page = async |query: &str| {
        let page = client.get(&format!("/admin/ledger?{query}")).await.json();
        page["orders"].as_array().unwrap().clone()
    };
    let ids = |orders: &[Value]| -> Vec<String> {
        let ids = orders.iter().map(|order| order["order_id"].as_str());
        ids.map(|id| id.unwrap().to_owned()).collect()
    };
    assert_eq!(
        ids(&page("").await),
        ["order-a", "order-b", "order-c"],
        "all, where nothing else is asked for"
    );
    assert_eq!(ids(&page("limit=2").await), ["order-a", "order-b"]);
    assert_eq!(ids(&page("limit=2&after=order-b").await), ["order-c"]);
    assert_eq!(ids(&page("after=order-c").await), [""; 0]);

    let without = page("after=order-a&limit=1").await;
    assert_eq!(without[0].get("entries"), None);
    let with = page("after=order-a&limit=1&entries=true").await;
    assert_eq!(with[0], client.ledger("order-b").await);
    let kinds = with[0]["entries"].as_array().unwrap();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|entry| (entry["kind"].as_str().unwrap(), entry["key"].as_str()))
        .collect();
    assert_eq!(kinds, [("hold", None), ("clear", Some("key-1"))]);
    let nonsense = client.get("/admin/ledger?limit=few").await;
    assert_eq!(nonsense.status, 400, "{nonsense:?}");
}

#[tokio::test]
async fn ejects_are_shown_page_by_page_or_under_one_key() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let station = json!({ "station_id": "station-demo" });
    for key in ["key-1", "key-2", "key-3"] {
        client.keyed(key, "/eject-powerbank", station.clone()).await;
    }
    client.post("/eject-powerbank", station).await;
    let page = async |query: &str| {
        let page = client.get(&format!("/admin/ejects?{query}")).await.json();
        let ejects = page["ejects"].as_array().unwrap().clone();
        let shown = ejects
            .iter()
            .map(|eject| (eject["seq"].as_u64(), eject["key"].as_str()));
        shown
            .map(|(seq, key)| (seq.unwrap(), key.map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    let all = page("").await;
    assert_eq!(all.len(), 4);
    assert_eq!(all[3], (4, None));
    assert_eq!(page("limit=2").await, all[..2]);
    assert_eq!(page("after=2&limit=1").await, all[2..3]);
    assert_eq!(page("after=4").await, []);
    assert_eq!(page("key=key-2").await, all[1..2]);
    assert_eq!(page("key=unknown").await, []);
}
