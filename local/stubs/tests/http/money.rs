//! Holds, clears and releases.

use serde_json::json;

use crate::kit::{Provider, payment, success};

#[tokio::test]
async fn a_hold_moves_money_from_the_balance_to_the_order() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await
        .is(200, success());

    let account = client.get("/admin/accounts/user-1").await;
    account.is(
        200,
        json!({"user_id": "user-1", "balance": 99_500, "held": 500}),
    );
    let ledger = client.ledger("order-1").await;
    assert_eq!(ledger["user_id"], "user-1");
    assert_eq!(
        (&ledger["held"], &ledger["taken"]),
        (&json!(500), &json!(0))
    );
    assert_eq!(
        (&ledger["holds"], &ledger["releases"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_clear_takes_from_the_hold_first_and_then_from_the_balance() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .put("/admin/accounts/user-1", json!({"balance": 700}))
        .await;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    client
        .post("/clear-money-for-order", payment("user-1", "order-1", 400))
        .await;
    client
        .post("/clear-money-for-order", payment("user-1", "order-1", 250))
        .await;

    let ledger = client.ledger("order-1").await;
    assert_eq!(
        (&ledger["held"], &ledger["taken"]),
        (&json!(0), &json!(650))
    );
    let moved: Vec<_> = ledger["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                &entry["kind"],
                &entry["amount"],
                &entry["from_hold"],
                &entry["from_balance"],
            )
        })
        .collect();
    assert_eq!(
        json!(moved),
        json!([
            ["hold", 500, 0, 500],
            ["clear", 400, 400, 0],
            ["clear", 250, 100, 150],
        ])
    );
    let account = client.get("/admin/accounts/user-1").await;
    account.is(200, json!({"user_id": "user-1", "balance": 50, "held": 0}));
}

#[tokio::test]
async fn a_clear_that_hold_and_balance_cannot_pay_takes_nothing() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .put("/admin/accounts/user-1", json!({"balance": 600}))
        .await;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    let before = client.ledger("order-1").await;

    let declined = client
        .post("/clear-money-for-order", payment("user-1", "order-1", 601))
        .await;

    declined.is(
        400,
        json!({"status": "error", "message": "Insufficient funds"}),
    );
    assert_eq!(client.ledger("order-1").await, before);
    assert_eq!(client.balance("user-1").await, 100);
    let exact = client
        .post("/clear-money-for-order", payment("user-1", "order-1", 600))
        .await;
    exact.is(200, success());
}

#[tokio::test]
async fn one_orders_hold_does_not_pay_for_another_order() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .put("/admin/accounts/user-1", json!({"balance": 500}))
        .await;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    let other = client
        .post("/clear-money-for-order", payment("user-1", "order-2", 1))
        .await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn a_release_returns_what_is_left_and_releasing_nothing_succeeds() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    client
        .post("/clear-money-for-order", payment("user-1", "order-1", 120))
        .await;
    let order = json!({"user_id": "user-1", "order_id": "order-1"});

    for releases in 1..=2 {
        client
            .post("/release-money-for-order", order.clone())
            .await
            .is(200, success());
        let ledger = client.ledger("order-1").await;
        assert_eq!(
            (&ledger["held"], &ledger["taken"]),
            (&json!(0), &json!(120))
        );
        assert_eq!(ledger["releases"], releases);
        assert_eq!(client.balance("user-1").await, 99_880);
    }
    let unknown = json!({"user_id": "user-1", "order_id": "never-seen"});
    client
        .post("/release-money-for-order", unknown)
        .await
        .is(200, success());
}

#[tokio::test]
async fn an_order_belongs_to_the_user_who_opened_it() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    let other = client
        .post("/clear-money-for-order", payment("user-2", "order-1", 10))
        .await;
    assert_eq!(other.status, 422);
    assert_eq!(client.balance("user-2").await, 100_000);
    assert_eq!(client.ledger("order-1").await["held"], 500);
}

#[tokio::test]
async fn sums_that_would_overflow_are_refused_and_move_nothing() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .post("/hold-money-for-order", payment("user-1", "order-1", 500))
        .await;
    client
        .put("/admin/accounts/user-1", json!({"balance": i64::MAX}))
        .await;

    let order = json!({"user_id": "user-1", "order_id": "order-1"});
    let release = client.post("/release-money-for-order", order).await;
    assert_eq!(release.status, 422);
    let hold = client
        .post(
            "/hold-money-for-order",
            payment("user-1", "order-1", i64::MAX),
        )
        .await;
    assert_eq!(hold.status, 422);

    assert_eq!(client.balance("user-1").await, i64::MAX);
    assert_eq!(client.ledger("order-1").await["held"], 500);
}

#[tokio::test]
async fn an_unknown_order_has_an_empty_ledger() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let empty = json!({
        "order_id": "order-1", "user_id": null, "held": 0, "taken": 0,
        "holds": 0, "releases": 0, "entries": []
    });
    client
        .get("/admin/ledger?order_id=order-1")
        .await
        .is(200, empty);
}

#[tokio::test]
async fn the_whole_ledger_lists_every_order_without_entries() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for order in ["order-1", "order-2"] {
        client
            .post("/hold-money-for-order", payment("user-1", order, 5))
            .await;
    }
    let line = |order| {
        json!({
            "order_id": order, "user_id": "user-1", "held": 5, "taken": 0,
            "holds": 1, "releases": 0
        })
    };
    let orders = json!({"orders": [line("order-1"), line("order-2")]});
    client.get("/admin/ledger").await.is(200, orders);
}
