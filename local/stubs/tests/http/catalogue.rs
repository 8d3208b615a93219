//! Stations, tariffs and users besides those of the published examples.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::kit::Provider;

#[tokio::test]
async fn every_listed_station_has_a_name_a_place_in_moscow_and_a_known_tariff() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let listed = client.get("/stations").await.json();
    let stations = listed["stations"].as_array().unwrap();
    assert!(stations.len() >= 12, "{} stations", stations.len());

    let mut ids = HashSet::new();
    for station in stations {
        let id = station["id"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is listed twice");
        assert!(!station["name"].as_str().unwrap().is_empty(), "{id}");
        assert!(
            (55.5..56.0).contains(&station["location"]["lat"].as_f64().unwrap()),
            "{id}"
        );
        assert!(
            (37.3..37.9).contains(&station["location"]["lon"].as_f64().unwrap()),
            "{id}"
        );
        let tariff = station["tariff_id"].as_str().unwrap();
        assert_eq!(
            client.get(&format!("/tariff?id={tariff}")).await.status,
            200,
            "{tariff}"
        );

        let mut unnamed = station.clone();
        unnamed.as_object_mut().unwrap().remove("name");
        client
            .get(&format!("/station-data?id={id}"))
            .await
            .is(200, unnamed);
    }
}

#[tokio::test]
async fn the_demo_tariff_costs_one_unit_a_second() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let station = client.get("/station-data?id=station-demo").await.json();
    assert_eq!(station["tariff_id"], "tariff-demo");
    client.get("/tariff?id=tariff-demo").await.is(
        200,
        json!({"id": "tariff-demo", "price_per_hour": 3600, "free_period_min": 0, "deposit": 500}),
    );
    let free = client.get("/tariff?id=tariff-no-deposit").await.json();
    assert_eq!(free["deposit"], 0);
}

#[tokio::test]
async fn users_differ_in_trust_subscription_and_money() {
    let provider = Provider::start().await;
    let client = &provider.client;
    let expected = [
        ("user-broke", true, false, 0),
        ("user-new", false, false, 100_000),
        ("user-new-broke", false, false, 0),
        ("user-subscriber", true, true, 100_000),
        ("nobody-ever-listed", true, false, 100_000),
    ];
    for (id, trusted, has_subscription, balance) in expected {
        let profile: Value =
            json!({"id": id, "trusted": trusted, "has_subscription": has_subscription});
        client
            .get(&format!("/user-profile?id={id}"))
            .await
            .is(200, profile);
        assert_eq!(client.balance(id).await, balance, "{id}");
    }
}

#[tokio::test]
async fn healthz_answers() {
    let provider = Provider::start().await;
    let client = &provider.client;
    client
        .get("/healthz")
        .await
        .is(200, json!({"status": "ok"}));
}
