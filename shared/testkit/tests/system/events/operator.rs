//! Commands that the operator function refuses, in words for the person who gave them.

use super::refused;
use crate::checks::{count, moment, shifted};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

const COMMANDS: [&str; 9] = [
    "show",
    "requeue",
    "finish",
    "mark-refund-paid",
    "resolve-attempt",
    "resolve-eject",
    "resolve-hold",
    "retry-debt",
    "write-off-debt",
];

/// A command with everything that it needs, about what nobody knows.
fn about_the_unknown(command: &str) -> Value {
    let rental_id = format!("rental-{}", fresh_key());
    match command {
        "show" => json!({ "command": command, "rental_id": rental_id }),
        "requeue" | "retry-debt" => {
            json!({ "command": command, "rental_id": rental_id, "operator": "anna" })
        }
        "finish" => json!({
            "command": command,
            "rental_id": rental_id,
            "finished_at": "2025-11-29T11:30:00Z",
            "operator": "anna",
            "reason": "the station was off",
        }),
        "mark-refund-paid" => {
            json!({ "command": command, "refund_id": fresh_key(), "operator": "anna" })
        }
        "resolve-attempt" => json!({
            "command": command,
            "rental_id": rental_id,
            "attempt_id": fresh_key(),
            "outcome": "declined",
            "operator": "anna",
        }),
        "resolve-eject" => json!({
            "command": command,
            "rental_id": rental_id,
            "outcome": { "ejected": { "powerbank_id": "pb-001" } },
            "operator": "anna",
        }),
        "resolve-hold" => json!({
            "command": command,
            "rental_id": rental_id,
            "outcome": "held",
            "operator": "anna",
        }),
        _ => json!({
            "command": command,
            "rental_id": rental_id,
            "amount": 45,
            "operator": "anna",
            "reason": "the user moved away",
        }),
    }
}

/// Nothing that was refused is recorded as done.
async fn nothing_recorded(world: &World) {
    let recorded = "SELECT count(*) FROM operator_actions";
    assert_eq!(count(world, recorded).await, 0);
    let in_billing: i64 = sqlx::query_scalar(recorded)
        .fetch_one(&world.databases.billing)
        .await
        .unwrap();
    assert_eq!(in_billing, 0);
}

#[tokio::test]
async fn an_unknown_command_is_refused_with_the_known_ones() {
    let world = World::start().await;
    for command in ["delete", "", "Show", "mark_refund_paid"] {
        let event = json!({ "command": command, "rental_id": format!("rental-{}", fresh_key()) });
        let error = refused(&world, "operator", event).await;
        assert!(error.contains(&format!("`{command}`")), "{error}");
        for known in COMMANDS.into_iter().chain(["worklist"]) {
            assert!(error.contains(known), "{known} is not in: {error}");
        }
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn what_is_no_command_at_all_is_refused() {
    let world = World::start().await;
    for event in [
        json!({}),
        json!(null),
        json!([]),
        json!("show"),
        json!({ "command": null }),
        json!({ "command": { "show": {} } }),
        json!({ "rental_id": format!("rental-{}", fresh_key()) }),
        testkit::scheduled_event(),
    ] {
        let error = refused(&world, "operator", event.clone()).await;
        assert!(
            error.starts_with("The event is not valid: "),
            "{event}: {error}"
        );
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let world = World::start().await;
    for command in COMMANDS {
        let whole = about_the_unknown(command);
        for field in whole.as_object().unwrap().keys() {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(field);
            let error = refused(&world, "operator", without).await;
            assert!(error.contains(field), "{command} without {field}: {error}");
        }
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn a_field_too_many_is_named_for_it_may_be_a_slip() {
    let world = World::start().await;
    for command in COMMANDS {
        let mut event = about_the_unknown(command);
        event["finish_at"] = json!("2025-11-29T11:30:00Z");
        let error = refused(&world, "operator", event).await;
        assert!(error.contains("finish_at"), "{command}: {error}");
    }
    let event = json!({ "command": "worklist", "rental_id": format!("rental-{}", fresh_key()) });
    let error = refused(&world, "operator", event).await;
    assert!(error.contains("rental_id"), "worklist: {error}");
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn what_nobody_knows_is_named() {
    let world = World::start().await;
    for command in COMMANDS {
        let event = about_the_unknown(command);
        let id = ["rental_id", "refund_id"]
            .into_iter()
            .find_map(|field| event[field].as_str().map(str::to_owned))
            .unwrap();
        let error = refused(&world, "operator", event).await;
        assert!(error.contains(&id), "{command}: {error}");
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn ids_moments_and_outcomes_that_are_none_are_refused() {
    let world = World::start().await;
    for (command, field, wrong) in [
        ("show", "rental_id", "rental-abc"),
        ("show", "rental_id", ""),
        ("requeue", "rental_id", "quote-789"),
        ("finish", "finished_at", "yesterday"),
        ("finish", "finished_at", "2025-11-29"),
        ("mark-refund-paid", "refund_id", "1"),
        ("resolve-attempt", "attempt_id", "1"),
        ("resolve-attempt", "outcome", "unknown"),
        ("resolve-eject", "outcome", "ejected"),
        ("resolve-eject", "outcome", "unknown"),
        ("resolve-hold", "outcome", "unknown"),
        ("write-off-debt", "amount", "45"),
    ] {
        let mut event = about_the_unknown(command);
        event[field] = json!(wrong);
        let error = refused(&world, "operator", event).await;
        assert!(
            error.starts_with("The event is not valid: "),
            "{command} {field}: {error}"
        );
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn a_command_that_changes_something_says_who_gives_it() {
    let world = World::start().await;
    for command in COMMANDS.into_iter().filter(|command| *command != "show") {
        for nobody in ["", "  "] {
            let mut event = about_the_unknown(command);
            event["operator"] = json!(nobody);
            let error = refused(&world, "operator", event).await;
            assert!(error.contains("operator"), "{command}: {error}");
        }
    }
    nothing_recorded(&world).await;
}

#[tokio::test]
async fn a_rental_ends_neither_before_its_start_nor_in_the_future() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let started_at = moment(&rented.response.json(), "started_at");
    world.advance(600).await.unwrap();
    for seconds in [-1, 700, 86_400] {
        let mut event = about_the_unknown("finish");
        event["rental_id"] = json!(rented.rental_id);
        event["finished_at"] = json!(shifted(started_at, seconds).to_rfc3339());
        let error = refused(&world, "operator", event).await;
        assert!(error.contains("finished_at"), "{seconds}: {error}");
    }
    nothing_recorded(&world).await;
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.status.as_str(), books.held), ("ACTIVE", 500));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn nothing_is_requeued_of_a_rental_that_is_well() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let mut event = about_the_unknown("requeue");
    event["rental_id"] = json!(rented.rental_id);
    let error = refused(&world, "operator", event).await;
    assert!(error.contains(&rented.rental_id), "{error}");
    assert!(error.contains("set aside"), "{error}");
    nothing_recorded(&world).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 500);
}
