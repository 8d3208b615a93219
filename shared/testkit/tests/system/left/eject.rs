//! `resolve-eject`: a start that stayed unknown.

use super::{HOURS, eject_resolved, recorded, resolve_eject, unknown_start};
use crate::billed::{RICH, finish, int, next_tick, stop, text};
use crate::checks::{moment, shifted};
use crate::probe::{assert_error, assert_unavailable, calls, ejects, hold_status, releases};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::World;

/// The moment some seconds after a start was begun.
async fn after_begin(world: &World, rental_id: &str, seconds: i64) -> Value {
    let shown = world.show(rental_id).await.unwrap();
    let created_at = text(&shown["rental"], "created_at").parse().unwrap();
    json!(shifted(created_at, seconds))
}

#[tokio::test]
async fn a_start_whose_power_bank_came_out_runs_from_when_a_person_says_so() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    assert_eq!(world.status(&start.rental_id).await.unwrap().status, 404);
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    assert_eq!(text(&shown["rental"], "status"), "ACTIVE");
    assert_eq!(text(&shown["rental"], "powerbank_id"), "pb-001");
    assert_eq!(
        text(&shown["billing"], "status"),
        "ACTIVE",
        "billing was told"
    );
    assert_eq!(text(&shown["operator_actions"][0], "operator"), "anna");
    let status = world.status(&start.rental_id).await.unwrap().json();
    assert_eq!(
        int(&status, "total_amount"),
        0,
        "nothing for the time before"
    );

    let retried = world
        .start_rental(&start.quote_id, &start.key)
        .await
        .unwrap();
    assert_eq!(retried.status, 200, "{}", retried.body);
    assert_eq!(retried.json()["started_at"], status["started_at"]);
    assert_eq!(ejects(&world).await, 1);

    world.advance(10 * 60 + 10).await.unwrap();
    assert_eq!(stop(&world, &start.rental_id).await, 11);
    world.settle_and_check().await.unwrap();
    let books = world.books(&start.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (11, 1, 0));
}

#[tokio::test]
async fn a_power_bank_that_came_back_long_ago_is_billed_for_the_time_that_it_was_out() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let ejected = json!({ "ejected": {
        "powerbank_id": "pb-001",
        "started_at": after_begin(&world, &start.rental_id, 2).await,
        "finished_at": after_begin(&world, &start.rental_id, 3 * HOURS + 2).await,
    } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    let rental = &shown["rental"];
    assert_eq!(
        (text(rental, "status"), int(rental, "total_amount")),
        ("FINISHED", 180)
    );
    assert_eq!(shown["transitions"].as_array().unwrap().len(), 2);
    let tick = next_tick(&world).await;
    assert_eq!(int(&tick, "charged_amount"), 180, "and never more");
    world.settle_and_check().await.unwrap();
    let books = world.books(&start.rental_id).await.unwrap();
    assert_eq!(
        (books.taken, books.refunded, books.held),
        (180, 0, 0),
        "{books:?}"
    );
}

#[tokio::test]
async fn a_start_in_the_past_can_be_finished_in_the_past() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let ejected = json!({ "ejected": {
        "powerbank_id": "pb-001",
        "started_at": after_begin(&world, &start.rental_id, 5).await,
    } });
    resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    let an_hour_later = after_begin(&world, &start.rental_id, HOURS + 5).await;
    finish(&world, &start.rental_id, &an_hour_later)
        .await
        .unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&start.rental_id).await.unwrap();
    assert_eq!(books.total_amount, Some(60));
    assert_eq!((books.taken - books.refunded, books.held), (60, 0));
    let commands = recorded(&world, &start.rental_id).await;
    assert_eq!(commands, ["resolve-eject", "finish"]);
}

#[tokio::test]
async fn a_power_bank_that_was_never_brought_back_is_bought_out_from_when_it_was_taken() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    world.advance(100 * HOURS).await.unwrap();
    let started_at = after_begin(&world, &start.rental_id, 1).await;
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001", "started_at": started_at } });
    resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    let status = world.status(&start.rental_id).await.unwrap().json();
    assert_eq!(text(&status, "status"), "BUYOUT");
    world.settle_and_check().await.unwrap();
    let books = world.books(&start.rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (5_000, 0));
}

#[tokio::test]
async fn a_start_of_which_no_power_bank_came_out_fails_and_its_hold_is_released() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "fail").await;
    let shown = resolve_eject(&world, &start.rental_id, json!("not-ejected"))
        .await
        .unwrap();
    assert_eq!(text(&shown["rental"], "status"), "FAILED");
    assert_eq!(hold_status(&world, &start.rental_id).await, "RELEASING");
    let retried = world
        .start_rental(&start.quote_id, &start.key)
        .await
        .unwrap();
    assert_error(&retried, 409, "No power bank could be ejected");

    world.settle_and_check().await.unwrap();
    let books = world.books(&start.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
    assert_eq!(releases(&world, &start.rental_id).await, json!(1));
    assert_eq!(ejects(&world).await, 0);
    assert_eq!(recorded(&world, &start.rental_id).await, ["resolve-eject"]);
}

/// The key lives for another day from then on.
#[tokio::test]
async fn a_start_that_is_resolved_days_later_counts_like_any_other() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    world.advance(72 * HOURS).await.unwrap();
    world.reconcile().await.unwrap();
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    let started_at = moment(&shown["rental"], "started_at");
    let status = world.status(&start.rental_id).await.unwrap().json();
    assert_eq!(moment(&status, "started_at"), started_at);
    stop(&world, &start.rental_id).await;
    world.settle_and_check().await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report["books"], "starts_left_to_a_person"), 0);
    world.advance(25 * HOURS).await.unwrap();
    world.reconcile().await.unwrap();
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency_keys")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    assert_eq!(keys, 0, "an answered key is purged");
}

#[tokio::test]
async fn a_start_that_is_answered_late_is_answered_under_its_key_for_a_day_from_then_on() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    world.advance(HOURS / 2).await.unwrap();
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    for hours in [2, 21] {
        world.advance(hours * HOURS).await.unwrap();
        world.reconcile().await.unwrap();
        let retried = world
            .start_rental(&start.quote_id, &start.key)
            .await
            .unwrap();
        assert_eq!(retried.status, 200, "{}", retried.body);
        assert_eq!(text(&retried.json(), "rental_id"), start.rental_id);
    }
    world.advance(2 * HOURS).await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report, "idempotency_keys_purged"), 1, "{report}");
    stop(&world, &start.rental_id).await;
    world.settle_and_check().await.unwrap();
}

/// It would deny what it did, and give away a second power bank.
#[tokio::test]
async fn a_retry_does_not_ask_a_station_that_may_have_forgotten_the_eject() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let retried = world
        .start_rental(&start.quote_id, &start.key)
        .await
        .unwrap();
    assert_unavailable(&retried);
    assert_eq!(calls(&world, "eject-powerbank").await, 1);

    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    let retried = world
        .start_rental(&start.quote_id, &start.key)
        .await
        .unwrap();
    assert_eq!(retried.status, 200, "{}", retried.body);
    stop(&world, &start.rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(ejects(&world).await, 1);
}

#[tokio::test]
async fn of_several_who_say_it_at_once_beside_reconciles_one_is_heard() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    let command = eject_resolved(&start.rental_id, ejected);
    let (answers, reconciled) = tokio::join!(
        join_all((0..4).map(|_| world.operator(command.clone()))),
        join_all((0..3).map(|_| world.reconcile())),
    );
    assert!(reconciled.iter().all(Result::is_ok), "{reconciled:?}");
    let heard = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(heard, 1, "{answers:?}");
    assert_eq!(recorded(&world, &start.rental_id).await.len(), 1);
    world.settle_and_check().await.unwrap();
}
