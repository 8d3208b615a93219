//! Ejects and returns.

use serde_json::{Value, json};

use crate::kit::{Provider, Talker, success};

async fn eject(client: &Talker, station_id: &str) -> Value {
    let answer = client
        .post("/eject-powerbank", json!({"station_id": station_id}))
        .await;
    assert_eq!(answer.status, 200);
    answer.json()
}

fn none_left() -> Value {
    json!({"success": false, "message": "No power banks available"})
}

#[tokio::test]
async fn a_station_ejects_until_it_is_empty() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for number in 1..=5 {
        let bank = json!({"success": true, "powerbank_id": format!("pb-00{number}")});
        assert_eq!(eject(client, "station-456").await, bank);
        assert_eq!(client.stock("station-456").await, 5 - number);
    }
    assert_eq!(eject(client, "station-456").await, none_left());
    assert_eq!(client.stock("station-456").await, 0);
    assert_eq!(eject(client, "station-empty").await, none_left());
}

#[tokio::test]
async fn a_returned_bank_comes_out_again_under_its_own_id() {
    let provider = Provider::start().await;
    let client = &provider.client;
    for _ in 1..=3 {
        eject(client, "station-456").await;
    }
    for bank in ["pb-002", "pb-001"] {
        let back = json!({"station_id": "station-empty", "powerbank_id": bank});
        client
            .post("/return-powerbank", back)
            .await
            .is(200, success());
    }
    assert_eq!(client.stock("station-empty").await, 2);
    assert_eq!(
        eject(client, "station-empty").await["powerbank_id"],
        "pb-002"
    );
    assert_eq!(
        eject(client, "station-empty").await["powerbank_id"],
        "pb-001"
    );
    assert_eq!(eject(client, "station-empty").await, none_left());
    assert_eq!(eject(client, "station-456").await["powerbank_id"], "pb-004");
}

#[tokio::test]
async fn a_station_can_be_told_which_bank_to_eject_next() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let next = json!({"next_powerbank_id": "pb-777"});
    assert_eq!(
        client.put("/admin/stations/station-456", next).await.status,
        200
    );
    assert_eq!(eject(client, "station-456").await["powerbank_id"], "pb-777");
    assert_eq!(eject(client, "station-456").await["powerbank_id"], "pb-001");
    assert_eq!(client.stock("station-456").await, 3);
}

#[tokio::test]
async fn an_unknown_station_neither_ejects_nor_takes_back() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .post("/eject-powerbank", json!({"station_id": "nowhere"}))
        .await
        .is(
            404,
            json!({"success": false, "message": "Station not found"}),
        );
    client
        .post(
            "/return-powerbank",
            json!({"station_id": "nowhere", "powerbank_id": "pb-001"}),
        )
        .await
        .is(
            404,
            json!({"status": "error", "message": "Station not found"}),
        );
}

#[tokio::test]
async fn ejects_are_listed_with_the_keys_that_asked_for_them() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .keyed(
            "key-1",
            "/eject-powerbank",
            json!({"station_id": "station-456"}),
        )
        .await;
    eject(client, "station-gum").await;

    let listed = client.get("/admin/ejects").await.json();
    let ejects: Vec<_> = listed["ejects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|eject| {
            (
                &eject["seq"],
                &eject["key"],
                &eject["station_id"],
                &eject["powerbank_id"],
            )
        })
        .collect();
    let wanted = json!([
        [1, "key-1", "station-456", "pb-001"],
        [2, null, "station-gum", "pb-002"]
    ]);
    assert_eq!(json!(ejects), wanted);
}
