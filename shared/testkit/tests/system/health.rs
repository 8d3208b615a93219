//! Health: the API's one shape whatever is away, within two seconds whatever hangs.

use crate::checks::nothing_moved;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use testkit::{Builder, Response, World};

const HEALTH: &str = "/api/v1/health";

/// Nothing listens there.
const CLOSED: &str = "http://127.0.0.1:1";

const BOUND: Duration = Duration::from_secs(2);

/// What health says when everything is well, to be changed by what is away.
fn healthy() -> Value {
    json!({
        "status": "healthy",
        "database": "connected",
        "external_services": {
            "stations": "available",
            "tariffs": "available",
            "users": "available",
            "payments": "available",
        },
    })
}

/// What health says when one outside service is away.
fn without(service: &str, status: &str) -> Value {
    let mut body = healthy();
    body["status"] = json!(status);
    body["external_services"][service] = json!("unavailable");
    body
}

/// What health says when a database is away.
fn without_database(status: &str) -> Value {
    let mut body = healthy();
    body["status"] = json!(status);
    body["database"] = json!("disconnected");
    body
}

/// Health is exactly this body, under this status, as JSON.
fn is(health: &Response, status: u16, body: &Value) {
    assert_eq!((health.status, &health.json()), (status, body));
    assert_eq!(health.headers["content-type"], "application/json");
}

/// A world in which one outside system's address leads nowhere.
async fn world_without(variable: &str) -> World {
    Builder::default()
        .env(variable, CLOSED)
        .start()
        .await
        .unwrap()
}

/// Asks for the health until an answer came within the bound: of a machine that is busy with other
/// tests one slow answer says nothing, three say that the bound does not hold.
async fn health_within_bound(world: &World) -> Response {
    let mut times = Vec::new();
    for _ in 0..3 {
        let asked = Instant::now();
        let health = world.get(HEALTH).await.unwrap();
        let elapsed = asked.elapsed();
        if elapsed < BOUND {
            return health;
        }
        times.push(elapsed);
    }
    panic!("none came within {BOUND:?}: {times:?}");
}

/// Health comes back: at the first asking, unless the machine is busy with other tests.
async fn recovers(world: &World) {
    for _ in 0..10 {
        if world.get(HEALTH).await.unwrap().json() == healthy() {
            return;
        }
    }
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 200, &healthy());
}

#[tokio::test]
async fn a_system_that_is_well_answers_the_seeds_body_to_the_letter_and_moves_nothing() {
    let world = World::start().await;
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 200, &healthy());
    let published = r#"{"status":"healthy","database":"connected","external_services":{"stations":"available","tariffs":"available","users":"available","payments":"available"}}"#;
    assert_eq!(health.body, published);

    nothing_moved(&world).await;
}

#[tokio::test]
async fn without_the_stations_nobody_can_rent() {
    let world = world_without("STATIONS_URL").await;
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 503, &without("stations", "unhealthy"));
    nothing_moved(&world).await;
}

#[tokio::test]
async fn without_the_tariffs_the_system_is_degraded() {
    let world = world_without("TARIFFS_URL").await;
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 200, &without("tariffs", "degraded"));
}

#[tokio::test]
async fn without_the_users_the_system_is_degraded() {
    let world = world_without("USERS_URL").await;
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 200, &without("users", "degraded"));
}

#[tokio::test]
async fn without_the_payments_the_system_is_degraded() {
    let world = world_without("PAYMENTS_URL").await;
    let health = world.get(HEALTH).await.unwrap();
    is(&health, 200, &without("payments", "degraded"));
}

#[tokio::test]
async fn without_all_outside_services_each_is_told_and_the_database_is_connected() {
    let world = Builder::default()
        .env("STATIONS_URL", CLOSED)
        .env("TARIFFS_URL", CLOSED)
        .env("USERS_URL", CLOSED)
        .env("CONFIGS_URL", CLOSED)
        .env("PAYMENTS_URL", CLOSED)
        .start()
        .await
        .unwrap();
    let mut body = without("stations", "unhealthy");
    for service in ["tariffs", "users", "payments"] {
        body["external_services"][service] = json!("unavailable");
    }
    is(&world.get(HEALTH).await.unwrap(), 503, &body);
}

#[tokio::test]
async fn the_configs_are_no_part_of_health_for_they_have_defaults() {
    let world = world_without("CONFIGS_URL").await;
    is(&world.get(HEALTH).await.unwrap(), 200, &healthy());
}

#[tokio::test]
async fn without_db_rental_the_system_is_unhealthy_until_it_is_back() {
    let world = World::start().await;
    world.rental_proxy.cut();
    let health = health_within_bound(&world).await;
    is(&health, 503, &without_database("unhealthy"));
    world.rental_proxy.open();
    recovers(&world).await;
    // A process that had a good connection a moment ago notices too, and recovers too.
    world.rental_proxy.cut();
    let health = health_within_bound(&world).await;
    is(&health, 503, &without_database("unhealthy"));
    world.rental_proxy.open();
    recovers(&world).await;
}

#[tokio::test]
async fn without_db_billing_the_system_is_degraded_until_it_is_back() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let health = health_within_bound(&world).await;
    is(&health, 200, &without_database("degraded"));
    world.billing_proxy.open();
    recovers(&world).await;
    world.billing_proxy.cut();
    let health = health_within_bound(&world).await;
    is(&health, 200, &without_database("degraded"));
    world.billing_proxy.open();
    recovers(&world).await;
}

#[tokio::test]
async fn a_db_rental_that_hangs_is_told_within_two_seconds() {
    let world = World::start().await;
    is(&world.get(HEALTH).await.unwrap(), 200, &healthy());
    world.rental_proxy.freeze();
    let health = health_within_bound(&world).await;
    is(&health, 503, &without_database("unhealthy"));
    world.rental_proxy.open();
    recovers(&world).await;
}

#[tokio::test]
async fn a_db_billing_that_hangs_is_told_within_two_seconds() {
    let world = World::start().await;
    is(&world.get(HEALTH).await.unwrap(), 200, &healthy());
    world.billing_proxy.freeze();
    let health = health_within_bound(&world).await;
    is(&health, 200, &without_database("degraded"));
    world.billing_proxy.open();
    recovers(&world).await;
}

/// A port that takes connections and never says a word on them.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A world in which one outside service hangs, and what its health is within the bound.
async fn health_while_hanging(variable: &str) -> Response {
    let (_listener, url) = silent();
    let world = Builder::default()
        .env(variable, &url)
        .start()
        .await
        .unwrap();
    health_within_bound(&world).await
}

#[tokio::test]
async fn each_outside_service_that_hangs_is_told_within_two_seconds() {
    let (stations, tariffs, users, payments) = tokio::join!(
        health_while_hanging("STATIONS_URL"),
        health_while_hanging("TARIFFS_URL"),
        health_while_hanging("USERS_URL"),
        health_while_hanging("PAYMENTS_URL"),
    );
    is(&stations, 503, &without("stations", "unhealthy"));
    is(&tariffs, 200, &without("tariffs", "degraded"));
    is(&users, 200, &without("users", "degraded"));
    is(&payments, 200, &without("payments", "degraded"));
}

#[tokio::test]
async fn when_everything_hangs_at_once_health_still_answers_within_two_seconds() {
    let (_listener, url) = silent();
    let mut builder = Builder::default();
    for system in ["STATIONS", "TARIFFS", "USERS", "CONFIGS", "PAYMENTS"] {
        builder = builder.env(&format!("{system}_URL"), &url);
    }
    let world = builder.start().await.unwrap();
    world.rental_proxy.freeze();
    world.billing_proxy.freeze();
    let mut body = without_database("unhealthy");
    for service in ["stations", "tariffs", "users", "payments"] {
        body["external_services"][service] = json!("unavailable");
    }
    is(&health_within_bound(&world).await, 503, &body);
}

#[tokio::test]
async fn a_service_that_stops_hanging_is_available_again() {
    let world = World::start().await;
    let hang = json!({ "endpoint": "station-data", "mode": "hang" });
    world.stub.fault(hang).await.unwrap();
    let health = health_within_bound(&world).await;
    is(&health, 503, &without("stations", "unhealthy"));
    world.stub.heal().await.unwrap();
    recovers(&world).await;
}

#[tokio::test]
async fn a_service_that_answers_at_all_is_available() {
    let world = World::start().await;
    for endpoint in ["station-data", "tariff", "user-profile"] {
        for fault in [
            json!({ "endpoint": endpoint, "mode": "fail" }),
            json!({ "endpoint": endpoint, "mode": "fail", "status": 404 }),
            json!({ "endpoint": endpoint, "mode": "garbage" }),
        ] {
            world.stub.fault(fault.clone()).await.unwrap();
            let health = world.get(HEALTH).await.unwrap();
            assert_eq!(health.json(), healthy(), "{fault}");
            let calls = world.stub.calls(endpoint).await.unwrap();
            assert_eq!(calls.last().unwrap()["fault"], fault["mode"]);
            world.stub.heal().await.unwrap();
        }
    }
}
