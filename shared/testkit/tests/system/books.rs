//! What tick and reconcile report of how things stand, beside what they did.

use crate::billed::{
    BROKE, CLEAR, DEMO, PLAIN, RICH, finish, int, next_slot, next_tick, rented_for, sql, stop, uuid,
};
use crate::probe::{fault, next_powerbank};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

const HOURS: i64 = 3_600;
const DAYS: i64 = 24 * HOURS;

/// Asserts an age or a lag: the test itself takes a while.
#[track_caller]
fn assert_about(seconds: i64, books: &Value, field: &str) {
    let told = int(books, field);
    assert!(
        (0..10).contains(&told.saturating_sub(seconds)),
        "{field} is {told}, not about {seconds}: {books}"
    );
}

#[tokio::test]
async fn in_a_healthy_world_nothing_waits_and_the_clocks_agree() {
    let world = World::start().await;
    let ended = rented_for(&world, RICH, DEMO, 100).await;
    stop(&world, &ended).await;
    world.rent("user-anna", PLAIN).await;
    world.settle_and_check().await.unwrap();
    let nothing = json!({ "open_attempts": 0, "oldest_open_attempt_age_sec": null,
                          "attempts_left_to_a_person": 0, "debts_left_to_a_person": 0,
                          "refunds_owed": 0, "refunds_owed_amount": 0, "rentals_set_aside": 0,
                          "most_overdue_lag_sec": 0 });
    assert_eq!(next_tick(&world).await["books"], nothing);
    let nothing = json!({ "outbox_to_copy": 0, "oldest_to_copy_age_sec": null,
                          "outbox_to_return": 0, "oldest_to_return_age_sec": null,
                          "outbox_set_aside": 0, "rentals_flagged": 0,
                          "starts_left_to_a_person": 0, "holds_left_to_a_person": 0 });
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["books"], nothing);
    assert_eq!(report["clock_skew_sec"], json!(0));
}

#[tokio::test]
async fn open_attempts_are_counted_with_the_age_of_the_oldest() {
    let world = World::start().await;
    fault(&world, json!({ "endpoint": CLEAR, "mode": "fail" })).await;
    rented_for(&world, RICH, DEMO, 100).await;
    let tick = next_tick(&world).await;
    assert_eq!(int(&tick["books"], "open_attempts"), 1);
    assert_about(0, &tick["books"], "oldest_open_attempt_age_sec");
    rented_for(&world, "user-anna", DEMO, 90).await;
    let tick = world.tick().await.unwrap();
    assert_eq!(int(&tick["books"], "open_attempts"), 2);
    assert_about(90, &tick["books"], "oldest_open_attempt_age_sec");
    assert_eq!(int(&tick["books"], "attempts_left_to_a_person"), 0);

    world.stub.heal().await.unwrap();
    let books = next_tick(&world).await["books"].clone();
    assert_eq!(int(&books, "open_attempts"), 0);
    assert_eq!(books["oldest_open_attempt_age_sec"], Value::Null);
    assert_eq!(world.check_laws().await.unwrap(), 2);
}

#[tokio::test]
async fn attempts_and_debts_that_are_left_to_a_person_are_counted_as_long_as_they_are() {
    let world = World::start().await;
    let owing = rented_for(&world, BROKE, DEMO, 60).await;
    stop(&world, &owing).await;
    next_tick(&world).await;
    world.advance(30 * DAYS).await.unwrap();
    let unknown = rented_for(&world, RICH, DEMO, 60).await;
    fault(
        &world,
        json!({ "endpoint": CLEAR, "mode": "fail", "order_id": unknown }),
    )
    .await;
    stop(&world, &unknown).await;
    next_tick(&world).await;
    world.advance(23 * HOURS).await.unwrap();
    for _ in 0..2 {
        let books = next_tick(&world).await["books"].clone();
        assert_eq!(int(&books, "attempts_left_to_a_person"), 1, "{books}");
        assert_eq!(int(&books, "debts_left_to_a_person"), 1, "{books}");
        assert_eq!(int(&books, "open_attempts"), 1, "{books}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn refunds_are_owed_from_when_they_are_found_until_they_are_marked_as_paid() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 300).await;
    next_tick(&world).await;
    let paid = world.books(&rental_id).await.unwrap().taken;
    let started_at = world.show(&rental_id).await.unwrap()["rental"]["started_at"].clone();
    finish(&world, &rental_id, &started_at).await.unwrap();
    for found in [1, 0] {
        let tick = next_tick(&world).await;
        assert_eq!(int(&tick, "refunds_found"), found);
        assert_eq!(int(&tick["books"], "refunds_owed"), 1);
        assert_eq!(int(&tick["books"], "refunds_owed_amount"), paid);
    }
    let refund_id = &world.show(&rental_id).await.unwrap()["refunds"][0]["refund_id"];
    let pay = json!({ "command": "mark-refund-paid", "refund_id": refund_id, "operator": "anna" });
    world.operator(pay).await.unwrap();
    let books = &next_tick(&world).await["books"];
    assert_eq!(
        (
            int(books, "refunds_owed"),
            int(books, "refunds_owed_amount")
        ),
        (0, 0)
    );
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_rental_that_is_set_aside_is_counted_until_it_is_requeued_and_is_not_overdue() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let name = async |user: &str| {
        let id = uuid(&rental_id);
        let name = format!("UPDATE rentals SET user_id = '{user}' WHERE rental_id = '{id}'");
        sql(&world.databases.billing, name).await;
    };
    name(" ").await;
    for _ in 0..2 {
        let books = next_tick(&world).await["books"].clone();
        assert_eq!(int(&books, "rentals_set_aside"), 1);
        assert_eq!(int(&books, "most_overdue_lag_sec"), 0, "{books}");
        world.advance(HOURS).await.unwrap();
    }
    name(RICH).await;
    let requeue = json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" });
    world.operator(requeue).await.unwrap();
    let books = next_tick(&world).await["books"].clone();
    assert_eq!(int(&books, "rentals_set_aside"), 0);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn the_lag_is_how_long_ago_the_longest_due_rental_was_due() {
    let world = World::start().await;
    let rental_id = world.rent(RICH, DEMO).await.rental_id;
    world.rent("user-anna", DEMO).await;
    next_tick(&world).await;
    // Some worker has it, and neither works on it nor dies.
    let keep = format!(
        "UPDATE rentals SET lease_token = gen_random_uuid(), lease_until = app_now() + interval '1 day',
                next_bill_at = app_now()
         WHERE rental_id = '{}'",
        uuid(&rental_id)
    );
    sql(&world.databases.billing, keep).await;
    world.advance(300).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(int(&tick, "charges"), 1, "the other one is billed: {tick}");
    assert_about(300, &tick["books"], "most_overdue_lag_sec");
    world.advance(DAYS).await.unwrap();
    let books = next_tick(&world).await["books"].clone();
    assert_about(0, &books, "most_overdue_lag_sec");
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn transitions_wait_while_billing_is_away_and_are_set_aside_when_it_refuses_them() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rental_id = rented_for(&world, RICH, PLAIN, 40).await;
    rented_for(&world, "user-anna", PLAIN, 20).await;
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report["books"], "outbox_to_copy"), 2, "{report}");
    assert_about(60, &report["books"], "oldest_to_copy_age_sec");
    assert_eq!(report["clock_skew_sec"], Value::Null, "nobody was there");

    let spoil = format!(
        "UPDATE outbox SET payload = payload || '{{\"buyout\": 0}}' WHERE rental_id = '{}'",
        uuid(&rental_id)
    );
    sql(&world.databases.rental, spoil).await;
    world.billing_proxy.open();
    for _ in 0..2 {
        let books = world.reconcile().await.unwrap()["books"].clone();
        assert_eq!(int(&books, "outbox_to_copy"), 0, "{books}");
        assert_eq!(books["oldest_to_copy_age_sec"], Value::Null);
        assert_eq!(int(&books, "outbox_set_aside"), 1, "{books}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn power_banks_that_no_station_takes_back_wait_with_their_age() {
    let world = World::start().await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    stop(&world, &rental_id).await;
    let away = json!({ "endpoint": "return-powerbank", "mode": "fail", "status": 503 });
    fault(&world, away).await;
    world.advance(600).await.unwrap();
    let books = world.reconcile().await.unwrap()["books"].clone();
    assert_eq!(int(&books, "outbox_to_return"), 1, "{books}");
    assert_about(600, &books, "oldest_to_return_age_sec");

    world.stub.heal().await.unwrap();
    let books = world.reconcile().await.unwrap()["books"].clone();
    assert_eq!(int(&books, "outbox_to_return"), 0, "{books}");
    assert_eq!(books["oldest_to_return_age_sec"], Value::Null);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_flagged_rental_is_counted() {
    let world = World::start().await;
    world.rent(RICH, PLAIN).await;
    next_powerbank(&world, PLAIN, "pb-001").await;
    assert_eq!(
        int(
            &world.reconcile().await.unwrap()["books"],
            "rentals_flagged"
        ),
        0
    );
    world.rent("user-anna", PLAIN).await;
    assert_eq!(
        int(
            &world.reconcile().await.unwrap()["books"],
            "rentals_flagged"
        ),
        1
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn starts_and_holds_that_stayed_unknown_are_counted_each_on_its_own() {
    let world = World::start().await;
    let no_hold = json!({ "endpoint": "hold-money-for-order", "mode": "fail" });
    fault(&world, no_hold).await;
    world.rent(BROKE, PLAIN).await;
    let no_eject = json!({ "endpoint": "eject-powerbank", "mode": "fail", "status": 503 });
    fault(&world, no_eject).await;
    let quote_id = world.quoted(RICH, PLAIN).await;
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 503);
    for (hours, starts, holds) in [(22, 0, 0), (2, 1, 1), (48, 1, 1)] {
        world.advance(hours * HOURS).await.unwrap();
        let books = world.reconcile().await.unwrap()["books"].clone();
        assert_eq!(
            (
                int(&books, "starts_left_to_a_person"),
                int(&books, "holds_left_to_a_person")
            ),
            (starts, holds),
            "{books}"
        );
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn the_skew_of_the_clocks_is_told_with_its_direction() {
    let world = World::start().await;
    for (rental_ahead, billing_ahead, skew) in [(0, 300, 300), (300, 0, -300), (300, 300, 0)] {
        world
            .databases
            .set_clocks(rental_ahead, billing_ahead)
            .await
            .unwrap();
        let report = world.reconcile().await.unwrap();
        assert_eq!(int(&report, "clock_skew_sec"), skew, "{report}");
    }
}

#[tokio::test]
async fn a_tick_that_cannot_tell_how_the_books_stand_bills_all_the_same() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let rename = "ALTER TABLE refunds RENAME TO elsewhere".to_owned();
    sql(&world.databases.billing, rename).await;
    next_slot(&world).await;
    let tick = world.tick().await.unwrap();
    assert_eq!((int(&tick, "charges"), &tick["books"]), (1, &Value::Null));
    let repair = "ALTER TABLE elsewhere RENAME TO refunds".to_owned();
    sql(&world.databases.billing, repair).await;
    assert!(next_tick(&world).await["books"].is_object());
    assert!(world.books(&rental_id).await.unwrap().taken > 0);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_reconcile_that_cannot_tell_how_things_stand_works_all_the_same() {
    let world = World::start().await;
    world.billing_proxy.cut();
    world.rent(RICH, PLAIN).await;
    world.billing_proxy.open();
    let rename = "ALTER TABLE rentals RENAME COLUMN flagged_at TO elsewhere".to_owned();
    sql(&world.databases.rental, rename).await;
    let report = world.reconcile().await.unwrap();
    assert_eq!(
        (int(&report, "copied"), &report["books"]),
        (1, &Value::Null),
        "{report}"
    );
    assert_eq!(report["failures"], json!([]));
    world.check_laws().await.unwrap();
}
