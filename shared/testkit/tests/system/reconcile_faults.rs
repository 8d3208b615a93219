//! One task, one row or one database that fails leaves the others of a reconcile their turn.

use crate::billed::{
    DEMO, PLAIN, RICH, configs, int, next_tick, number, rented_for, sql, stop, text, uuid,
};
use serde_json::{Value, json};
use testkit::{World, fresh_key};
use uuid::Uuid;

/// A start whose process died at `step`. Returns the rental.
async fn half_started(world: &World, user: &str, step: &str) -> String {
    let body = json!({ "quote_id": world.quoted(user, PLAIN).await });
    let path = "/api/v1/rentals/start";
    world
        .post_and_abort_at(step, path, &fresh_key(), &body)
        .await
        .unwrap();
    let id: Uuid = sqlx::query_scalar("SELECT rental_id FROM rentals WHERE user_id = $1")
        .bind(user)
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    format!("rental-{id}")
}

async fn status(world: &World, rental_id: &str) -> String {
    world.books(rental_id).await.unwrap().status
}

fn failed(report: &Value) -> Vec<&str> {
    let failures = report["failures"].as_array().unwrap();
    failures
        .iter()
        .filter_map(|why| why.as_str()?.split(':').next())
        .collect()
}

#[tokio::test]
async fn while_billing_is_away_starts_are_finished_and_holds_of_failed_ones_released() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let ejected = half_started(&world, "user-a", "start.eject-called").await;
    let held = half_started(&world, "user-b", "start.hold-called").await;
    assert_eq!(world.books(&held).await.unwrap().held, 500);
    world.advance(26).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (
            int(&report, "starts_finished"),
            int(&report, "starts_rolled_back")
        ),
        (1, 1)
    );
    assert_eq!(failed(&report)[0], "copies");
    assert_eq!(
        (
            status(&world, &ejected).await.as_str(),
            status(&world, &held).await.as_str()
        ),
        ("ACTIVE", "FAILED")
    );

    world.billing_proxy.open();
    let report = world.reconcile().await.unwrap();
    assert_eq!(failed(&report), [""; 0], "{report}");
    stop(&world, &ejected).await;
    world.settle_and_check().await.unwrap();
    for rental_id in [&ejected, &held] {
        assert_eq!(world.books(rental_id).await.unwrap().held, 0);
    }
}

#[tokio::test]
async fn while_stations_are_away_copies_and_buyouts_go_on() {
    let world = World::start().await;
    configs(&world, 50, 30, 100).await;
    let unknown = half_started(&world, "user-a", "start.eject-called").await;
    world.billing_proxy.cut();
    let bought = rented_for(&world, "user-b", PLAIN, 3 * 3_600).await;
    world.billing_proxy.open();
    let away = json!({ "endpoint": "eject-powerbank", "mode": "fail", "status": 503 });
    world.stub.fault(away).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (int(&report, "starts_unknown"), int(&report, "buyouts")),
        (1, 1),
        "{report}"
    );
    assert_eq!((int(&report, "copied"), failed(&report).len()), (2, 0));
    assert_eq!(status(&world, &unknown).await, "PENDING");
    assert_eq!(int(&next_tick(&world).await, "charged_amount"), 50);

    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(status(&world, &unknown).await, "ACTIVE");
    let books = world.books(&bought).await.unwrap();
    assert_eq!((books.taken, books.held), (50, 0));
}

#[tokio::test]
async fn a_batch_of_returns_that_nobody_answers_is_the_last_of_its_reconcile() {
    let world = World::start().await;
    for number in 0..25 {
        let rental_id = world.rent(&format!("user-{number}"), DEMO).await.rental_id;
        stop(&world, &rental_id).await;
    }
    let away = json!({ "endpoint": "return-powerbank", "mode": "fail", "status": 503 });
    world.stub.fault(away).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report["books"], "outbox_to_return"), 25, "{report}");
    let calls = world.stub.calls("return-powerbank").await.unwrap();
    assert_eq!(calls.len(), 20, "one batch");
    world.stub.heal().await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report, "powerbanks_returned"), 25, "{report}");
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn with_nothing_to_work_on_the_invocation_fails_and_says_why() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    world.rental_proxy.cut();
    for billing_too in [false, true] {
        if billing_too {
            world.billing_proxy.cut();
        }
        let error = world.reconcile().await.unwrap_err();
        assert!(
            format!("{error:#}").contains("the database is away"),
            "{error:#}"
        );
    }
    world.rental_proxy.open();
    world.billing_proxy.open();
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
}

/// Seven rentals that billing was not told of, four of them spoiled in different ways.
#[tokio::test]
async fn a_transition_that_billing_cannot_take_is_set_aside_alone_until_it_is_requeued() {
    let poisons = [
        ("status", json!("NONSENSE"), json!("ACTIVE")),
        ("buyout", json!(0), json!(5_000)),
        ("user_id", json!(""), json!("user-2")),
        ("total_amount", json!(1), Value::Null),
    ];
    let world = World::start().await;
    world.billing_proxy.cut();
    let mut rentals = Vec::new();
    for number in 0..7 {
        let user = format!("user-{number}");
        rentals.push(world.rent(&user, DEMO).await.rental_id);
    }
    world.billing_proxy.open();
    let patch = async |rental_id: &str, field: &str, value: &Value| {
        let (patch, id) = (json!({ field: value }), uuid(rental_id));
        let patch =
            format!("UPDATE outbox SET payload = payload || '{patch}' WHERE rental_id = '{id}'");
        sql(&world.databases.rental, patch).await;
    };
    for (rental_id, (field, poison, _)) in rentals.iter().zip(&poisons) {
        patch(rental_id, field, poison).await;
    }
    let report = world.reconcile().await.unwrap();
    let counts = (int(&report, "copied"), int(&report, "set_aside"));
    assert_eq!(counts, (3, 4), "{report}");
    let again = world.reconcile().await.unwrap();
    let counts = (int(&again, "copied"), int(&again, "set_aside"));
    assert_eq!(counts, (0, 0), "it holds up nothing: {again}");

    for (rental_id, (field, _, cure)) in rentals.iter().zip(&poisons) {
        let shown = world.show(rental_id).await.unwrap();
        assert!(!text(&shown["transitions"][0], "copy_error").is_empty());
        patch(rental_id, field, cure).await;
        let requeue = json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" });
        world.operator(requeue).await.unwrap();
    }
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 4);
    world.advance(100).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "charges"), 7);
    for rental_id in &rentals {
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
    for rental_id in &rentals {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((Some(books.taken), books.held), (books.total_amount, 0));
    }
}

/// Spoils a rental in db-rental so that it cannot be read, or repairs it.
async fn name_user(world: &World, rental_id: &str, user_id: &str) {
    let id = uuid(rental_id);
    let name = format!("UPDATE rentals SET user_id = '{user_id}' WHERE rental_id = '{id}'");
    sql(&world.databases.rental, name).await;
}

/// Law 17: whatever one rental is like, two rounds later the others are where they belong.
async fn two_rounds(world: &World) -> Vec<Value> {
    let mut reports = Vec::new();
    for _ in 0..2 {
        world.advance(61).await.unwrap();
        world.tick().await.unwrap();
        reports.push(world.reconcile().await.unwrap());
    }
    reports
}

fn is_reported(report: &Value) -> bool {
    int(report, "set_aside") > 0 || !failed(report).is_empty()
}

#[tokio::test]
async fn a_half_done_start_that_cannot_be_read_holds_up_no_other_start() {
    let world = World::start().await;
    let bad = half_started(&world, "user-a", "start.begun").await;
    let mut others = Vec::new();
    for user in ["user-b", "user-c", "user-d"] {
        others.push(half_started(&world, user, "start.eject-called").await);
    }
    name_user(&world, &bad, " ").await;
    let reports = two_rounds(&world).await;
    assert!(is_reported(&reports[0]), "{reports:?}");
    for rental_id in &others {
        assert_eq!(status(&world, rental_id).await, "ACTIVE", "{reports:?}");
    }
    name_user(&world, &bad, "user-a").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(status(&world, &bad).await, "FAILED");
    assert_eq!(world.stub.ejects().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_buyout_that_cannot_be_written_down_holds_up_no_other_buyout() {
    let world = World::start().await;
    configs(&world, 50, 30, 100).await;
    let bad = rented_for(&world, "user-a", PLAIN, 10).await;
    let mut others = Vec::new();
    for user in ["user-b", "user-c"] {
        others.push(world.rent(user, PLAIN).await.rental_id);
    }
    world.advance(3 * 3_600).await.unwrap();
    name_user(&world, &bad, " ").await;
    let reports = two_rounds(&world).await;
    assert!(is_reported(&reports[0]), "{reports:?}");
    for rental_id in &others {
        assert_eq!(status(&world, rental_id).await, "BUYOUT", "{reports:?}");
    }
    name_user(&world, &bad, "user-a").await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&bad).await.unwrap().taken, 50);
}

#[tokio::test]
async fn a_hold_that_cannot_be_asked_about_holds_up_no_other_hold() {
    let world = World::start().await;
    let lost = json!({ "endpoint": "hold-money-for-order", "mode": "lose" });
    world.stub.fault(lost).await.unwrap();
    let mut rentals = Vec::new();
    for user in ["user-a", "user-b", "user-c"] {
        rentals.push(world.rent(user, PLAIN).await.rental_id);
    }
    world.stub.heal().await.unwrap();
    let bad = rentals.remove(0);
    name_user(&world, &bad, " ").await;
    let reports = two_rounds(&world).await;
    assert!(is_reported(&reports[0]), "{reports:?}");
    let known = "SELECT count(*) FROM rentals WHERE hold_status = 'HELD'".to_owned();
    assert_eq!(
        number(&world.databases.rental, known).await,
        2,
        "{reports:?}"
    );
    name_user(&world, &bad, "user-a").await;
    for rental_id in rentals.iter().chain([&bad]) {
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
    for rental_id in rentals.iter().chain([&bad]) {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((books.holds, books.held), (1, 0));
    }
}

#[tokio::test]
async fn a_return_that_cannot_be_read_is_set_aside_alone() {
    let world = World::start().await;
    let mut rentals = Vec::new();
    for user in ["user-a", "user-b", "user-c"] {
        let rental_id = world.rent(user, PLAIN).await.rental_id;
        stop(&world, &rental_id).await;
        rentals.push(rental_id);
    }
    let return_to = async |station_id: &str| {
        let id = uuid(&rentals[0]);
        let spoil = format!(
            "UPDATE outbox SET return_station_id = '{station_id}' \
             WHERE rental_id = '{id}' AND version = 2"
        );
        sql(&world.databases.rental, spoil).await;
    };
    return_to("").await;
    let report = world.reconcile().await.unwrap();
    assert!(is_reported(&report), "{report}");
    assert_eq!(int(&report, "powerbanks_returned"), 2, "{report}");
    return_to(PLAIN).await;
    world.settle_and_check().await.unwrap();
    for rental_id in &rentals {
        assert_eq!(world.books(rental_id).await.unwrap().held, 0);
    }
}

/// PostgreSQL knows a moment that no clock shows. Whoever reads it panics.
async fn never(world: &World, table: &str, moment: &str, rental_id: &str) {
    let id = uuid(rental_id);
    let never = format!(
        "UPDATE {table} SET {moment} = 'infinity' WHERE rental_id = '{id}' AND {moment} IS NOT NULL"
    );
    sql(&world.databases.rental, never).await;
}

/// What `never` spoiled is repaired.
async fn in_a_minute(world: &World, table: &str, moment: &str, rental_id: &str) {
    let id = uuid(rental_id);
    let repair = format!(
        "UPDATE {table} SET {moment} = app_now() + interval '1 minute' \
         WHERE rental_id = '{id}' AND {moment} IS NOT NULL"
    );
    sql(&world.databases.rental, repair).await;
}

#[tokio::test]
async fn a_half_done_start_with_a_moment_at_the_end_of_time_holds_up_no_start_hold_or_copy() {
    let world = World::start().await;
    let bad = half_started(&world, "user-a", "start.eject-called").await;
    let ejected = half_started(&world, "user-b", "start.eject-called").await;
    let held = half_started(&world, "user-c", "start.hold-called").await;
    never(&world, "rentals", "eject_expires_at", &bad).await;
    world.advance(26).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(failed(&report), ["starts"], "{report}");
    assert!(report["failures"][0].as_str().unwrap().contains(&bad));
    let done = ["starts_finished", "starts_rolled_back", "holds_released"];
    assert_eq!(done.map(|count| int(&report, count)), [1, 1, 1], "{report}");
    assert_eq!(int(&report, "copied"), 2, "{report}");
    let statuses = [status(&world, &ejected).await, status(&world, &held).await];
    assert_eq!(statuses, ["ACTIVE", "FAILED"]);

    in_a_minute(&world, "rentals", "eject_expires_at", &bad).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(status(&world, &bad).await, "ACTIVE");
}

#[tokio::test]
async fn a_moment_at_the_end_of_time_holds_up_no_other_buyout_hold_or_return() {
    let world = World::start().await;
    configs(&world, 50, 30, 100).await;
    let mut returned = Vec::new();
    for user in ["user-a", "user-b"] {
        let rental_id = world.rent(user, PLAIN).await.rental_id;
        stop(&world, &rental_id).await;
        returned.push(rental_id);
    }
    let lost = json!({ "endpoint": "hold-money-for-order", "mode": "lose" });
    world.stub.fault(lost).await.unwrap();
    let mut bought = Vec::new();
    for user in ["user-c", "user-d"] {
        bought.push(world.rent(user, PLAIN).await.rental_id);
    }
    world.stub.heal().await.unwrap();
    world.advance(3 * 3_600).await.unwrap();
    never(&world, "rentals", "hold_expires_at", &bought[0]).await;
    never(&world, "outbox", "return_expires_at", &returned[0]).await;
    let report = world.reconcile().await.unwrap();
    let tasks = ["buyouts", "holds", "returns"];
    assert_eq!(failed(&report), tasks, "{report}");
    let done = ["buyouts", "holds_resolved", "powerbanks_returned"];
    assert_eq!(done.map(|count| int(&report, count)), [1, 1, 1], "{report}");

    in_a_minute(&world, "rentals", "hold_expires_at", &bought[0]).await;
    in_a_minute(&world, "outbox", "return_expires_at", &returned[0]).await;
    world.settle_and_check().await.unwrap();
    for rental_id in bought.iter().chain(&returned) {
        assert_eq!(world.books(rental_id).await.unwrap().held, 0);
    }
    assert_eq!(world.books(&bought[0]).await.unwrap().taken, 50);
}
