//! The events by which the functions without an HTTP endpoint are invoked.

mod operator;
mod samples;

use crate::checks::{moment, shifted};
use serde_json::{Value, json};
use testkit::{FunctionError, InvokeError, World, scheduled_event};

const SCHEDULED: [&str; 2] = ["billing-tick", "reconcile"];

/// What a function says when it refuses an event: `errorMessage` of its error.
async fn refused(world: &World, function: &str, event: Value) -> String {
    match world.lambda.invoke(function, event.clone()).await {
        Err(InvokeError::Failed(FunctionError(error))) => {
            error["errorMessage"].as_str().unwrap().to_owned()
        }
        other => panic!("{function} was not to take {event}: {other:?}"),
    }
}

/// A queue's delivery of these bodies.
fn queued(bodies: &[&str]) -> Value {
    let records: Vec<_> = bodies
        .iter()
        .map(|body| {
            json!({
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "local",
                "body": body,
                "attributes": { "ApproximateReceiveCount": "1" },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:local:000000000000:billing-tick-delayed",
                "awsRegion": "local",
            })
        })
        .collect();
    json!({ "Records": records })
}

/// An event of EventBridge that is no schedule's.
fn something_else() -> Value {
    let mut event = scheduled_event();
    event["detail-type"] = json!("EC2 Instance State-change Notification");
    event
}

/// A world with a rental of which 45 are due and nothing is billed.
async fn with_something_due() -> (World, String) {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    (world, rented.rental_id)
}

async fn taken(world: &World, rental_id: &str) -> i64 {
    world.books(rental_id).await.unwrap().taken
}

#[tokio::test]
async fn a_tick_that_comes_through_a_queue_bills_like_one_that_comes_straight() {
    let (world, rental_id) = with_something_due().await;
    let event = queued(&[&scheduled_event().to_string()]);
    let tick = world.lambda.invoke("billing-tick", event).await.unwrap();
    assert_eq!(tick["charged_amount"], json!(45), "{tick}");
    assert_eq!(tick["nothing_left"], json!(true), "{tick}");
    assert_eq!(taken(&world, &rental_id).await, 45);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn several_ticks_that_waited_in_a_queue_bill_once() {
    let (world, rental_id) = with_something_due().await;
    let tick = scheduled_event().to_string();
    let event = queued(&[&tick, &tick, &scheduled_event().to_string()]);
    let report = world.lambda.invoke("billing-tick", event).await.unwrap();
    assert_eq!(report["charges"], json!(1), "{report}");
    assert_eq!(taken(&world, &rental_id).await, 45);
    let calls = world.stub.calls("clear-money-for-order").await.unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn reconcile_that_comes_through_a_queue_works_like_one_that_comes_straight() {
    let world = World::start().await;
    world.billing_proxy.cut();
    let rented = world.rent("user-123", "station-456").await;
    world.billing_proxy.open();
    let tick = scheduled_event().to_string();
    let event = queued(&[&tick, &tick]);
    let report = world.lambda.invoke("reconcile", event).await.unwrap();
    assert_eq!(report["copied"], json!(1), "{report}");
    assert_eq!(report["failures"], json!([]), "{report}");
    let shown = world.show(&rented.rental_id).await.unwrap();
    assert!(shown["billing"].is_object(), "{shown}");
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 500);
}

#[tokio::test]
async fn with_nothing_to_do_both_say_so_in_numbers() {
    let world = World::start().await;
    for function in SCHEDULED {
        let report = world.lambda.invoke(function, scheduled_event()).await;
        let report = report.unwrap();
        let books = report["books"].as_object().unwrap();
        let done = report.as_object().unwrap().iter();
        for (field, value) in done.filter(|(field, _)| *field != "books").chain(books) {
            let no_age = field.ends_with("_age_sec") && value.is_null();
            let is_idle = no_age || [json!(0), json!([]), json!(true)].contains(value);
            assert!(is_idle, "{function}: {field} is {value}");
        }
    }
}

#[tokio::test]
async fn an_event_of_another_kind_is_refused_by_its_name_and_bills_nothing() {
    let (world, rental_id) = with_something_due().await;
    let queued = queued(&[&something_else().to_string()]);
    for function in SCHEDULED {
        for event in [something_else(), queued.clone()] {
            let error = refused(&world, function, event).await;
            assert!(error.contains("detail-type"), "{error}");
            assert!(
                error.contains("EC2 Instance State-change Notification"),
                "{error}"
            );
            assert!(error.contains("Scheduled Event"), "{error}");
        }
    }
    assert_eq!(taken(&world, &rental_id).await, 0);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_queue_that_delivers_nothing_is_refused_and_bills_nothing() {
    let (world, rental_id) = with_something_due().await;
    let without_body = json!({ "Records": [{ "messageId": "1", "eventSource": "aws:sqs" }] });
    for function in SCHEDULED {
        for event in [json!({ "Records": [] }), without_body.clone()] {
            let error = refused(&world, function, event).await;
            assert!(error.contains("SQS"), "{error}");
            assert!(error.contains("no record"), "{error}");
        }
    }
    assert_eq!(taken(&world, &rental_id).await, 0);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn what_is_neither_a_schedules_event_nor_a_queues_is_refused_and_bills_nothing() {
    let (world, rental_id) = with_something_due().await;
    let from_s3 = json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "bucket": {} } }] });
    for function in SCHEDULED {
        for event in [
            json!({}),
            json!([]),
            json!(null),
            json!("Scheduled Event"),
            json!(42),
            json!([scheduled_event()]),
            json!({ "command": "show", "rental_id": rental_id }),
            json!({ "detail-type": "Scheduled Event" }),
            json!({ "detail-type": ["Scheduled Event"], "source": "aws.events" }),
            json!({ "Records": null }),
            json!({ "Records": "Scheduled Event" }),
            json!({ "Records": [42] }),
            queued(&["garbage"]),
            queued(&[""]),
            queued(&["{}"]),
            queued(&["null"]),
            queued(&[&queued(&[&scheduled_event().to_string()]).to_string()]),
            from_s3.clone(),
        ] {
            let error = refused(&world, function, event.clone()).await;
            assert!(
                error.starts_with("The event is not valid: "),
                "{event}: {error}"
            );
            assert!(error.contains("SQS event"), "{event}: {error}");
        }
    }
    assert_eq!(taken(&world, &rental_id).await, 0);
    // Refusing harms nobody: the next tick works.
    assert_eq!(world.tick().await.unwrap()["charged_amount"], json!(45));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn the_time_and_the_source_that_an_event_names_decide_nothing() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    let started_at = moment(&rented.response.json(), "started_at");
    world
        .stand_still_at(shifted(started_at, 600))
        .await
        .unwrap();
    let far = shifted(started_at, 86_400);
    let mut event = scheduled_event();
    event["time"] = json!(far.to_rfc3339());
    let tick = world.lambda.invoke("billing-tick", event).await.unwrap();
    assert_eq!(tick["charged_amount"], json!(10), "{tick}");
    assert_eq!(taken(&world, &rented.rental_id).await, 10);
    world.advance(600).await.unwrap();
    world.settle_and_check().await.unwrap();
}
