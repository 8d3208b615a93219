//! An operator ends a rental at a past moment, or moves its end to an earlier one.

use crate::billed::{
    BROKE, DEMO, PLAIN, RICH, configs, current_debt, events, finish, fresh_tick, int, next_slot,
    next_tick, rented_for, stop, text,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use testkit::{World, fresh_key};
use uuid::Uuid;

/// The moment some seconds after a rental's start.
async fn after_start(world: &World, rental_id: &str, seconds: i64) -> Value {
    let shown = world.show(rental_id).await.unwrap();
    let started_at: DateTime<Utc> = text(&shown["rental"], "started_at").parse().unwrap();
    json!(
        started_at
            .checked_add_signed(TimeDelta::seconds(seconds))
            .unwrap()
    )
}

/// Tries to finish a rental, and returns why that is refused.
async fn refused(world: &World, rental_id: &str, at: &Value) -> String {
    let before = world.show(rental_id).await.unwrap();
    let error = finish(world, rental_id, at).await.unwrap_err();
    assert_eq!(
        world.show(rental_id).await.unwrap(),
        before,
        "nothing changed"
    );
    format!("{error:#}")
}

#[tokio::test]
async fn a_running_rental_is_finished_at_a_past_moment_and_the_rest_is_owed_back() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    next_tick(&world).await;
    let paid = world.books(&rental_id).await.unwrap().taken;
    let at = after_start(&world, &rental_id, 400).await;
    let shown = finish(&world, &rental_id, &at).await.unwrap();
    assert_eq!(text(&shown["rental"], "status"), "FINISHED");
    assert_eq!(
        (
            int(&shown["rental"], "total_amount"),
            &shown["rental"]["finished_at"]
        ),
        (400, &at)
    );
    let action = &shown["operator_actions"][0];
    assert_eq!(text(action, "operator"), "anna");
    assert_eq!(text(&action["command"], "reason"), "it came back long ago");

    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.refunded, books.taken),
        (paid, paid - 400, paid)
    );
    assert_eq!(books.held, 0);
    let status = world.status(&rental_id).await.unwrap().json();
    assert_eq!(
        (
            int(&status, "total_amount"),
            int(&status, "duration_minutes")
        ),
        (400, 6)
    );
    let stop = world.stop(&rental_id, PLAIN, &fresh_key()).await.unwrap();
    assert_eq!((stop.status, int(&stop.json(), "total_amount")), (200, 400));
}

#[tokio::test]
async fn a_rental_that_is_finished_before_it_was_billed_that_far_is_billed_to_its_end() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    let at = after_start(&world, &rental_id, 400).await;
    finish(&world, &rental_id, &at).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.refunded, books.taken, books.held),
        (400, 0, 400, 0)
    );
}

#[tokio::test]
async fn an_end_is_moved_to_an_earlier_moment_again_and_again() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    let key = fresh_key();
    let stop = world.stop(&rental_id, PLAIN, &key).await.unwrap();
    let total = int(&stop.json(), "total_amount");
    world.settle_and_check().await.unwrap();
    for (version, end_sec) in [(3, 500), (4, 300), (5, 0)] {
        let at = after_start(&world, &rental_id, end_sec).await;
        let shown = finish(&world, &rental_id, &at).await.unwrap();
        assert_eq!(int(&shown["rental"], "version"), version);
        world.settle_and_check().await.unwrap();
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!(
            (books.total_amount, books.refunded),
            (Some(end_sec), total - end_sec)
        );
        assert_eq!((books.paid, books.taken), (total, total));
    }
    let owed: Vec<_> = events(&world, &rental_id)
        .await
        .into_iter()
        .map(|event| event.1)
        .collect();
    assert_eq!(owed, [total - 500, 200, 300]);
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(shown["operator_actions"].as_array().unwrap().len(), 3);
    let again = world.stop(&rental_id, PLAIN, &key).await.unwrap();
    assert_eq!(again.body, stop.body, "the same key gives the same bytes");
}

#[tokio::test]
async fn a_bought_out_rental_that_had_come_back_in_time_is_finished() {
    let world = World::start().await;
    configs(&world, 300, 30, 100).await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    next_tick(&world).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().status, "BUYOUT");
    let at = after_start(&world, &rental_id, 299).await;
    let shown = finish(&world, &rental_id, &at).await.unwrap();
    assert_eq!(text(&shown["rental"], "status"), "FINISHED");
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.refunded, books.taken),
        (Some(299), 1, 300)
    );
    assert_eq!(books.held, 0);
}

#[tokio::test]
async fn an_earlier_end_lowers_a_debt() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, DEMO, 600).await;
    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    assert_eq!(current_debt(&world, &rental_id).await, Some(total));
    let at = after_start(&world, &rental_id, 90).await;
    finish(&world, &rental_id, &at).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(current_debt(&world, &rental_id).await, Some(90));
    let at = after_start(&world, &rental_id, 0).await;
    finish(&world, &rental_id, &at).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.debt, books.paid, books.refunded, books.taken),
        (0, 0, 0, 0)
    );
    let kinds: Vec<_> = events(&world, &rental_id)
        .await
        .into_iter()
        .map(|event| event.0)
        .collect();
    assert_eq!(kinds, ["DEBT_OPENED", "DEBT_SETTLED"]);
}

#[tokio::test]
async fn no_end_is_moved_outside_the_time_that_the_rental_ran() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    for seconds in [-1, 700, 100_000] {
        let at = after_start(&world, &rental_id, seconds).await;
        let why = refused(&world, &rental_id, &at).await;
        assert!(why.contains("must lie between"), "{why}");
    }
    let total = stop(&world, &rental_id).await;
    world.advance(600).await.unwrap();
    let at = after_start(&world, &rental_id, total + 1).await;
    let why = refused(&world, &rental_id, &at).await;
    assert!(
        why.contains("must lie between"),
        "later than its end: {why}"
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.taken, books.refunded),
        (Some(total), total, 0)
    );
}

/// The id of the one rental that there is.
async fn the_rental(world: &World) -> String {
    let id: Uuid = sqlx::query_scalar("SELECT rental_id FROM rentals")
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    format!("rental-{id}")
}

#[tokio::test]
async fn a_rental_that_never_started_cannot_be_finished() {
    let world = World::start().await;
    let quote_id = world.quoted(RICH, PLAIN).await;
    let body = json!({ "quote_id": quote_id });
    world
        .post_and_abort_at("start.begun", "/api/v1/rentals/start", &fresh_key(), &body)
        .await
        .unwrap();
    let rental_id = the_rental(&world).await;
    let at = json!("2026-01-01T00:00:00Z");
    let why = refused(&world, &rental_id, &at).await;
    assert!(
        why.contains("PENDING") && why.contains("never started"),
        "{why}"
    );

    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().status, "FAILED");
    let why = refused(&world, &rental_id, &at).await;
    assert!(
        why.contains("FAILED") && why.contains("never started"),
        "{why}"
    );

    let nobody = "rental-019a0000-0000-7000-8000-000000000000";
    let why = finish(&world, nobody, &at).await.unwrap_err();
    assert!(format!("{why:#}").contains("is not known"), "{why:#}");
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_finish_takes_effect_while_billing_is_away_and_says_what_it_could_not_show() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    next_slot(&world).await;
    fresh_tick(&world, &[]).await;
    let at = after_start(&world, &rental_id, 400).await;
    world.billing_proxy.cut();
    let shown = finish(&world, &rental_id, &at).await.unwrap();
    assert_eq!(int(&shown["rental"], "total_amount"), 400);
    assert_eq!(shown["billing"], Value::Null);
    assert!(
        shown["unavailable"].to_string().contains("db-billing"),
        "{shown}"
    );
    world.billing_proxy.open();
    world.reconcile().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.taken - books.refunded),
        (Some(400), 400)
    );
    assert!(books.refunded > 0 && books.held == 0, "{books:?}");
}

#[tokio::test]
async fn a_command_without_a_name_under_it_is_refused() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 600).await;
    let at = after_start(&world, &rental_id, 10).await;
    for operator in [json!(""), json!("  "), Value::Null] {
        let command = json!({ "command": "finish", "rental_id": rental_id, "finished_at": at,
                              "operator": operator, "reason": "because" });
        world.operator(command).await.unwrap_err();
    }
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(text(&shown["rental"], "status"), "ACTIVE");
    assert_eq!(shown["operator_actions"], json!([]));
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    world.check_laws().await.unwrap();
}
