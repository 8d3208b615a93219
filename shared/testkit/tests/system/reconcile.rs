//! Reconcile delivers what an outage held back, tells stations what came back, and forgets in time.

use crate::billed::{
    DEMO, PLAIN, RICH, clears, int, next_tick, number, rented_for, sql, stop, text, uuid,
};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

/// Billing's copy: version and state; none when it was told nothing.
async fn copy(world: &World, rental_id: &str) -> Option<(i64, String)> {
    sqlx::query_as("SELECT version, status FROM rentals WHERE rental_id = $1")
        .bind(uuid(rental_id))
        .fetch_optional(&world.databases.billing)
        .await
        .unwrap()
}

/// Makes transitions look undelivered, or delivered.
async fn set_copied(world: &World, rental_id: &str, version: i64, copied_at: &str) {
    let set = format!(
        "UPDATE outbox SET copied_at = {copied_at} WHERE rental_id = '{}' AND version = {version}",
        uuid(rental_id)
    );
    sql(&world.databases.rental, set).await;
}

#[tokio::test]
async fn a_reconcile_that_has_nothing_to_do_says_so() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let report = world.reconcile().await.unwrap();
    let counts = [
        "starts_finished",
        "starts_rolled_back",
        "starts_unknown",
        "buyouts",
        "holds_resolved",
        "holds_released",
        "holds_unknown",
        "copied",
        "powerbanks_returned",
        "set_aside",
        "quotes_purged",
        "idempotency_keys_purged",
    ];
    for count in counts {
        assert_eq!(int(&report, count), 0, "{count}");
    }
    assert_eq!(report["failures"], json!([]));
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (0, 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn what_billing_was_not_told_during_an_outage_it_is_told_after_it() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let running = world.rent("user-a", DEMO).await.rental_id;
    let ended = rented_for(&world, "user-b", DEMO, 100).await;
    let total = stop(&world, &ended).await;
    assert_eq!(
        (copy(&world, &running).await, copy(&world, &ended).await),
        (None, None)
    );
    world.billing_proxy.open();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (int(&report, "copied"), &report["failures"]),
        (3, &json!([]))
    );
    assert_eq!(copy(&world, &running).await, Some((1, "ACTIVE".to_owned())));
    assert_eq!(copy(&world, &ended).await, Some((2, "FINISHED".to_owned())));
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 0);

    assert_eq!(int(&next_tick(&world).await, "charges"), 2);
    world.settle_and_check().await.unwrap();
    let books = world.books(&ended).await.unwrap();
    assert_eq!((books.taken, books.held), (total, 0));
}

#[tokio::test]
async fn the_newest_version_wins_in_whatever_order_they_are_delivered() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let total = stop(&world, &rental_id).await;
    world.billing_proxy.open();
    // The end first, and the start after it.
    set_copied(&world, &rental_id, 1, "app_now()").await;
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 1);
    let ended = copy(&world, &rental_id).await;
    assert_eq!(ended, Some((2, "FINISHED".to_owned())));
    next_tick(&world).await;
    set_copied(&world, &rental_id, 1, "NULL").await;
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 1);
    assert_eq!(copy(&world, &rental_id).await, ended);

    world.advance(3_600).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
}

#[tokio::test]
async fn a_transition_that_is_delivered_twice_changes_nothing() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let calls = clears(&world, &rental_id).await.len();
    for version in [1, 2] {
        set_copied(&world, &rental_id, version, "NULL").await;
    }
    assert_eq!(int(&world.reconcile().await.unwrap(), "copied"), 2);
    assert_eq!(int(&next_tick(&world).await, "charges"), 0);
    assert_eq!(clears(&world, &rental_id).await.len(), calls);
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
}

async fn stock(world: &World, station: &str) -> i64 {
    let data = world
        .stub
        .get(&format!("/station-data?id={station}"))
        .await
        .unwrap();
    int(&data, "available_powerbanks")
}

async fn returns(world: &World) -> Vec<Value> {
    world.stub.calls("return-powerbank").await.unwrap()
}

#[tokio::test]
async fn a_power_bank_that_came_back_is_reported_once_to_where_it_stands() {
    let world = World::start().await;
    let rented = world.rent(RICH, PLAIN).await;
    let powerbank_id = text(&rented.response.json(), "powerbank_id").to_owned();
    let before = stock(&world, "station-gum").await;
    let stop = world
        .stop(&rented.rental_id, "station-gum", &fresh_key())
        .await
        .unwrap();
    assert_eq!(stop.status, 200);
    assert_eq!(
        int(&world.reconcile().await.unwrap(), "powerbanks_returned"),
        1
    );
    assert_eq!(
        int(&world.reconcile().await.unwrap(), "powerbanks_returned"),
        0
    );
    let calls = returns(&world).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0]["body"],
        json!({ "station_id": "station-gum", "powerbank_id": powerbank_id })
    );
    let shown = world.show(&rented.rental_id).await.unwrap();
    let end = &shown["transitions"][1];
    assert_eq!(calls[0]["idempotency_key"], end["event_id"]);
    assert!(calls[0]["request_expires_at"].is_string() && end["returned_at"].is_string());
    assert_eq!(stock(&world, "station-gum").await, before + 1);

    let next = world.rent("user-anna", "station-gum").await;
    assert_eq!(text(&next.response.json(), "powerbank_id"), powerbank_id);
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn a_return_whose_answer_is_lost_or_late_restocks_once() {
    let world = World::start().await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    let before = stock(&world, PLAIN).await;
    for mode in ["fail", "garbage", "lose"] {
        let fault = json!({ "endpoint": "return-powerbank", "mode": mode, "times": 1 });
        world.stub.fault(fault).await.unwrap();
    }
    stop(&world, &rental_id).await;
    for _ in 0..2 {
        let report = world.reconcile().await.unwrap();
        assert_eq!(
            (
                int(&report, "powerbanks_returned"),
                int(&report, "set_aside")
            ),
            (0, 0)
        );
        assert_eq!(stock(&world, PLAIN).await, before);
    }
    world.reconcile().await.unwrap();
    assert_eq!(
        stock(&world, PLAIN).await,
        before + 1,
        "it did, and said nothing"
    );
    world.settle_and_check().await.unwrap();
    assert_eq!(stock(&world, PLAIN).await, before + 1);
    let mut keys: Vec<_> = returns(&world)
        .await
        .iter()
        .map(|call| call["idempotency_key"].clone())
        .collect();
    keys.dedup();
    assert_eq!(keys.len(), 1);
    assert_eq!(world.books(&rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn a_return_that_its_station_refuses_is_set_aside_and_tried_again_when_requeued() {
    let world = World::start().await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    let other = world.rent("user-anna", PLAIN).await.rental_id;
    let away = json!({ "endpoint": "station-data", "mode": "fail", "times": 1 });
    world.stub.fault(away).await.unwrap();
    let stopped = world
        .stop(&rental_id, "station-nowhere", &fresh_key())
        .await
        .unwrap();
    assert_eq!(stopped.status, 200, "a user is never billed for an outage");
    stop(&world, &other).await;
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (
            int(&report, "set_aside"),
            int(&report, "powerbanks_returned")
        ),
        (1, 1)
    );
    assert_eq!(int(&world.reconcile().await.unwrap(), "set_aside"), 0);
    assert_eq!(returns(&world).await.len(), 2, "and not asked again");
    let shown = world.show(&rental_id).await.unwrap();
    assert!(shown["transitions"][1]["return_error"].is_string());

    let requeue = json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" });
    let shown = world.operator(requeue).await.unwrap();
    assert_eq!(shown["transitions"][1]["return_error"], Value::Null);
    assert_eq!(text(&shown["operator_actions"][0], "operator"), "anna");
    assert_eq!(int(&world.reconcile().await.unwrap(), "set_aside"), 1);
    assert_eq!(returns(&world).await.len(), 3);
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn quotes_and_keys_are_forgotten_after_a_day_and_rentals_never() {
    let world = World::start().await;
    let rented = world.rent(RICH, "station-zaryadye").await;
    let unused = world.quoted("user-anna", PLAIN).await;
    let count = async |table: &str| {
        number(
            &world.databases.rental,
            format!("SELECT count(*) FROM {table}"),
        )
        .await
    };
    world.advance(23 * 3_600).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (
            int(&report, "quotes_purged"),
            int(&report, "idempotency_keys_purged")
        ),
        (0, 0)
    );
    assert_eq!(
        world
            .start_rental(&unused, &fresh_key())
            .await
            .unwrap()
            .status,
        400,
        "expired"
    );
    let again = world
        .start_rental(&rented.quote_id, &rented.key)
        .await
        .unwrap();
    assert_eq!(again, rented.response, "the same bytes for a day");

    world.advance(3_600 + 120).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (
            int(&report, "quotes_purged"),
            int(&report, "idempotency_keys_purged")
        ),
        (2, 1)
    );
    assert_eq!(
        (count("quotes").await, count("idempotency_keys").await),
        (0, 0)
    );
    for quote_id in [&unused, &rented.quote_id] {
        assert_eq!(
            world
                .start_rental(quote_id, &rented.key)
                .await
                .unwrap()
                .status,
            404
        );
    }
    assert_eq!(count("rentals").await, 1);
    stop(&world, &rented.rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(Some(books.taken), books.total_amount);
}

#[tokio::test]
async fn the_key_of_a_start_that_still_runs_is_kept() {
    let world = World::start().await;
    let quote_id = world.quoted(RICH, PLAIN).await;
    let key = fresh_key();
    let away = json!({ "endpoint": "eject-powerbank", "mode": "fail", "status": 503 });
    world.stub.fault(away).await.unwrap();
    assert_eq!(
        world.start_rental(&quote_id, &key).await.unwrap().status,
        503
    );
    world.advance(25 * 3_600).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        int(&report["books"], "starts_left_to_a_person"),
        1,
        "{report}"
    );
    assert_eq!(int(&report, "idempotency_keys_purged"), 0);
    assert!(world.stub.ejects().await.unwrap().is_empty());
    world.check_laws().await.unwrap();

    world.stub.heal().await.unwrap();
    let late = world.start_rental(&quote_id, &key).await.unwrap();
    assert_eq!(late.status, 404, "{}", late.body);
    assert!(
        world.stub.ejects().await.unwrap().is_empty(),
        "none to an empty pavement"
    );
    assert_eq!(world.check_laws().await.unwrap(), 1);
}
