//! The sample files in `local/events`: each is accepted by its function, and together they tell
//! a rental's story.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use testkit::World;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../local/events");
const NOBODYS_UUID: &str = "00000000-0000-7000-8000-000000000000";

/// Every sample by its file's name without `.json`, with `uuid` in place of nobody's.
fn samples(uuid: &str) -> BTreeMap<String, Value> {
    let files = fs::read_dir(FOLDER)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let event = serde_json::from_str(&text.replace(NOBODYS_UUID, uuid)).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, event)
        })
        .collect()
}

/// Which function takes a sample.
fn function(name: &str) -> &str {
    if name.starts_with("tick") {
        "billing-tick"
    } else {
        name
    }
}

#[tokio::test]
async fn every_sample_is_understood_by_its_function() {
    let world = World::start().await;
    let samples = samples(NOBODYS_UUID);
    for (name, event) in &samples {
        let answer = world.lambda.invoke(function(name), event.clone()).await;
        match name.as_str() {
            "quote" | "health" => assert_eq!(answer.unwrap()["statusCode"], json!(200), "{name}"),
            // Nobody knows the id in them.
            "start" | "stop" | "status" => {
                let answer = answer.unwrap();
                assert_eq!(answer["statusCode"], json!(404), "{name}: {answer}");
                let body = answer["body"].as_str().unwrap();
                assert!(body.ends_with(" not found\"}"), "{name}: {body}");
            }
            "operator" => {
                let error = answer.unwrap_err().to_string();
                assert!(error.contains("is not known"), "{error}");
            }
            _ => assert!(answer.unwrap().is_object(), "{name}"),
        }
    }
    let names: Vec<_> = samples.keys().map(String::as_str).collect();
    for function in [
        "health",
        "operator",
        "quote",
        "reconcile",
        "start",
        "status",
        "stop",
        "tick",
        "tick-sqs",
    ] {
        assert!(names.contains(&function), "no {function}.json in {names:?}");
    }
}

/// Invokes a sample's function with the id that it is about. Returns the answer's body.
async fn play(world: &World, name: &str, id: &str) -> Value {
    let uuid = id.split_once('-').map_or(NOBODYS_UUID, |(_, uuid)| uuid);
    let event = samples(uuid).remove(name).unwrap();
    let answer = world.lambda.invoke(function(name), event).await.unwrap();
    assert_eq!(answer["statusCode"], json!(200), "{name}: {answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn with_real_ids_in_them_the_samples_rent_and_bring_back_a_power_bank() {
    let world = World::start().await;
    let quote = play(&world, "quote", "").await;
    let start = play(&world, "start", quote["quote_id"].as_str().unwrap()).await;
    let rental_id = start["rental_id"].as_str().unwrap();
    world.advance(44 * 60 + 30).await.unwrap();
    assert_eq!(
        play(&world, "status", rental_id).await["total_amount"],
        json!(45)
    );
    for (tick, charged_amount) in [("tick-sqs", 45), ("tick", 0)] {
        let event = samples(NOBODYS_UUID).remove(tick).unwrap();
        let report = world.lambda.invoke("billing-tick", event).await.unwrap();
        assert_eq!(report["charged_amount"], json!(charged_amount), "{tick}");
    }
    let stop = play(&world, "stop", rental_id).await;
    assert_eq!(stop["status"], json!("FINISHED"));
    let total = stop["total_amount"].as_i64().unwrap();

    let (_, uuid) = rental_id.split_once('-').unwrap();
    let show = samples(uuid).remove("operator").unwrap();
    let shown = world.operator(show).await.unwrap();
    assert_eq!(shown["rental"]["total_amount"], json!(total));
    world.settle_and_check().await.unwrap();
    let books = world.books(rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (total, 1, 0));
}
