//! The tick charges what is due: a grace behind while the rental runs, exactly the total at its end.

use crate::billed::{
    CLEAR, DEMO, PLAIN, RICH, attempts, clears, int, next_slot, next_tick, number, rented_for,
    stop, uuid,
};
use serde_json::json;
use sqlx::Row;
use testkit::{World, scheduled_event};

#[tokio::test]
async fn a_running_rental_is_charged_what_was_due_a_grace_ago() {
    let world = World::start().await;
    let rental_id = world.rent(RICH, DEMO).await.rental_id;
    for duration_sec in [100, 1_000, 31] {
        world.advance(duration_sec).await.unwrap();
        let tick = next_tick(&world).await;
        assert_eq!((int(&tick, "charges"), int(&tick, "unknown")), (1, 0));
        let due = number(
            &world.databases.billing,
            format!(
                "SELECT extract(epoch FROM
                            date_trunc('second', max(a.created_at) - interval '5 seconds')
                            - r.started_at)::bigint
                 FROM payment_attempts a JOIN rentals r USING (rental_id)
                 WHERE rental_id = '{}' GROUP BY r.started_at",
                uuid(&rental_id)
            ),
        )
        .await;
        let books = world.books(&rental_id).await.unwrap();
        assert_eq!((books.paid, books.taken, books.debt), (due, due, 0));
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_ended_rental_is_charged_exactly_its_total_and_then_never_again() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 400).await;
    next_tick(&world).await;
    let total = stop(&world, &rental_id).await;
    let before = world.books(&rental_id).await.unwrap().paid;
    assert!(
        before < total,
        "the grace was left out: {before} of {total}"
    );

    let tick = next_tick(&world).await;
    assert_eq!(int(&tick, "charged_amount"), total - before);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (total, total, 0));
    let calls = clears(&world, &rental_id).await.len();

    world.advance(7 * 24 * 3_600).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    assert_eq!(clears(&world, &rental_id).await.len(), calls);
}

#[tokio::test]
async fn a_rental_that_ends_within_the_free_period_costs_nothing_and_is_never_asked_for() {
    let world = World::start().await;
    let rental_id = rented_for(&world, "user-subscriber", PLAIN, 29 * 60).await;
    let tick = next_tick(&world).await;
    assert_eq!((int(&tick, "rentals"), int(&tick, "charges")), (0, 0));
    assert_eq!(stop(&world, &rental_id).await, 0);
    world.settle_and_check().await.unwrap();
    assert!(world.stub.calls(CLEAR).await.unwrap().is_empty());
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
}

#[tokio::test]
async fn past_the_free_period_the_whole_time_counts() {
    let world = World::start().await;
    let rental_id = rented_for(&world, "user-subscriber", PLAIN, 31 * 60 + 10).await;
    let tick = world.tick().await.unwrap();
    assert_eq!(int(&tick, "charged_amount"), 32);
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken), (total, total));
}

#[tokio::test]
async fn a_rental_with_nothing_due_is_not_even_read() {
    let world = World::start().await;
    let quiet = world.rent("user-subscriber", PLAIN).await.rental_id;
    // Long enough ago for the grace, wherever in its slot the test begins.
    let busy = rented_for(&world, RICH, DEMO, 10).await;
    let row = async || {
        let row = sqlx::query(
            "SELECT xmin::text || ' ' || xmax::text || ' ' || ctid::text AS written,
                    next_bill_at::text AS next_bill_at, lease_token::text AS lease
             FROM rentals WHERE rental_id = $1",
        )
        .bind(uuid(&quiet))
        .fetch_one(&world.databases.billing)
        .await
        .unwrap();
        (
            row.get::<String, _>("written"),
            row.get::<String, _>("next_bill_at"),
            row.get::<Option<String>, _>("lease"),
        )
    };
    let before = row().await;
    assert_eq!(before.2, None);
    for _ in 0..3 {
        let tick = next_tick(&world).await;
        assert_eq!(int(&tick, "rentals"), 1, "only the busy one: {tick}");
    }
    assert_eq!(row().await, before, "neither written nor locked");
    assert!(world.books(&busy).await.unwrap().taken > 0);
    assert_eq!(world.check_laws().await.unwrap(), 2);
}

#[tokio::test]
async fn each_clear_carries_its_attempt_as_key_and_expires_after_23_hours() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    next_tick(&world).await;
    next_tick(&world).await;
    let attempts = attempts(&world, &rental_id).await;
    let calls = clears(&world, &rental_id).await;
    assert_eq!((attempts.len(), calls.len()), (2, 2));
    for (attempt, call) in attempts.iter().zip(&calls) {
        assert_eq!(call["idempotency_key"], json!(attempt.id));
        assert_eq!(
            call["body"],
            json!({ "user_id": RICH, "order_id": rental_id, "amount": attempt.amount })
        );
        let on_time = number(
            &world.databases.billing,
            format!(
                "SELECT count(*) FROM payment_attempts
                 WHERE attempt_id = '{}' AND created_at + interval '23 hours' = '{}'::timestamptz",
                attempt.id,
                call["request_expires_at"].as_str().unwrap()
            ),
        )
        .await;
        assert_eq!(on_time, 1, "{call}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn rentals_of_several_users_are_billed_in_one_tick_each_by_its_own_terms() {
    let world = World::start().await;
    let minutes = 40;
    let rentals = [
        (world.rent("user-anna", PLAIN).await.rental_id, 41),
        (
            world
                .rent("user-boris", "station-gorky-park")
                .await
                .rental_id,
            34,
        ),
        (world.rent(RICH, "station-gum").await.rental_id, 61),
        (
            world.rent("user-new", "station-zaryadye").await.rental_id,
            54,
        ),
    ];
    world.advance(minutes * 60 + 20).await.unwrap();
    let tick = world.tick().await.unwrap();
    assert_eq!(int(&tick, "charges"), 4);
    assert_eq!(
        int(&tick, "charged_amount"),
        rentals.iter().map(|(_, due)| due).sum::<i64>()
    );
    for (rental_id, due) in &rentals {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((books.paid, books.taken), (*due, *due), "{rental_id}");
        stop(&world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_tick_that_waited_in_a_queue_bills_like_any_other() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    next_slot(&world).await;
    let queued = json!({
        "Records": [{ "messageId": "1", "body": scheduled_event().to_string(),
                      "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {} }]
    });
    let tick = world.lambda.invoke("billing-tick", queued).await.unwrap();
    assert_eq!(int(&tick, "charges"), 1);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(books.taken, int(&tick, "charged_amount"));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_no_schedules_bills_nothing() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 60).await;
    next_slot(&world).await;
    let mut other = scheduled_event();
    other["detail-type"] = json!("EC2 Instance State-change Notification");
    world
        .lambda
        .invoke("billing-tick", other)
        .await
        .unwrap_err();
    assert!(clears(&world, &rental_id).await.is_empty());
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    world.check_laws().await.unwrap();
}
