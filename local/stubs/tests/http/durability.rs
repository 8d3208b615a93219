//! What was answered is on disk, and stopping is quick.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Provider, payment, until};

#[tokio::test]
async fn a_restart_keeps_ledger_accounts_keys_stock_and_the_counter() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let hold = payment("user-1", "order-1", 500);
    let eject = json!({"station_id": "station-456"});
    let held = client
        .keyed("key-1", "/hold-money-for-order", hold.clone())
        .await;
    let ejected = client
        .keyed("key-2", "/eject-powerbank", eject.clone())
        .await;
    let back = json!({"station_id": "station-empty", "powerbank_id": "pb-001"});
    client.post("/return-powerbank", back).await;
    client
        .put(
            "/admin/stations/station-gum",
            json!({"next_powerbank_id": "pb-777"}),
        )
        .await;
    let ledger = client.ledger("order-1").await;
    let ejects = client.get("/admin/ejects").await;

    let provider = provider.restart().await;
    let client = &provider.client;

    assert_eq!(
        client.keyed("key-1", "/hold-money-for-order", hold).await,
        held
    );
    assert_eq!(
        client
            .keyed("key-2", "/eject-powerbank", eject.clone())
            .await,
        ejected
    );
    assert_eq!(client.ledger("order-1").await, ledger);
    assert_eq!(client.get("/admin/ejects").await, ejects);
    assert_eq!(client.balance("user-1").await, 99_500);
    assert_eq!(client.stock("station-456").await, 4);
    for (station, bank) in [
        ("station-empty", "pb-001"),
        ("station-gum", "pb-777"),
        ("station-456", "pb-002"),
    ] {
        let answer = client
            .post("/eject-powerbank", json!({"station_id": station}))
            .await;
        assert_eq!(answer.json()["powerbank_id"], bank, "{station}");
    }
}

#[tokio::test]
async fn a_restart_forgets_overrides_faults_calls_and_the_clocks_offset() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client.put("/admin/configs", json!({"R_BUYOUT": 0})).await;
    client.put("/admin/clock", json!({"offset_sec": 60})).await;
    client
        .post(
            "/admin/faults",
            json!({"endpoint": "tariff", "mode": "fail"}),
        )
        .await;

    let provider = provider.restart().await;
    let client = &provider.client;

    assert_eq!(client.get("/admin/calls").await.json()["calls"], json!([]));
    assert_eq!(
        client.get("/admin/faults").await.json()["faults"],
        json!([])
    );
    assert_eq!(client.get("/admin/clock").await.json()["offset_sec"], 0);
    assert_eq!(client.get("/configs").await.json()["R_BUYOUT"], 5000);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_requests_that_hang_or_stall() {
    let provider = Provider::start().await;
    let client = provider.client.clone();
    client
        .post(
            "/admin/faults",
            json!({"endpoint": "configs", "mode": "hang"}),
        )
        .await;
    let stall =
        json!({"endpoint": "clear-money-for-order", "mode": "stall", "delay_ms": 3_600_000});
    client.post("/admin/faults", stall).await;
    let callers = [client.clone(), client.clone()];
    let hanging = callers.map(|caller| {
        tokio::spawn(async move {
            tokio::join!(
                caller.request(reqwest::Method::GET, "/configs").send(),
                caller.try_post("/clear-money-for-order", payment("user-1", "order-1", 1)),
            )
        })
    });
    until("all calls arrived", || async {
        client.get("/admin/calls").await.json()["calls"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|call| call["fault"] != Value::Null)
            .count()
            == 4
    })
    .await;

    let asked = Instant::now();
    provider.shutdown().await;
    assert!(asked.elapsed() < Duration::from_secs(5));
    for task in hanging {
        task.abort();
    }
}
