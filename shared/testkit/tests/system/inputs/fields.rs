//! Fields: missing, of the wrong type, empty, too long; and those that nobody asked for.

use super::{QUOTE, START, STOP, bodies, nothing_happened, post};
use crate::checks::{refusal, seen};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

fn names(body: &Value) -> Vec<String> {
    body.as_object().unwrap().keys().cloned().collect()
}

/// Names of outside systems: bounded text.
fn named_by_others() -> impl Iterator<Item = (&'static str, &'static str, Value)> {
    let [(_, quote), _, (_, stop)] = bodies();
    [
        (QUOTE, "user_id", quote.clone()),
        (QUOTE, "station_id", quote),
        (STOP, "station_id", stop),
    ]
    .into_iter()
}

#[tokio::test]
async fn a_missing_field_is_400_and_named() {
    let world = World::start().await;
    for (path, body) in bodies() {
        for name in names(&body) {
            let mut without = body.clone();
            without.as_object_mut().unwrap().remove(&name);
            let error = refusal(&post(&world, path, &without).await, 400);
            assert!(error.contains(&name), "{path} without {name}: {error}");
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_field_of_another_type_is_400() {
    let world = World::start().await;
    for (path, body) in bodies() {
        for name in names(&body) {
            for wrong in [
                json!(null),
                json!(true),
                json!(456),
                json!(4.56),
                json!(["station-456"]),
                json!({ "id": "station-456" }),
            ] {
                let mut changed = body.clone();
                changed[name.as_str()] = wrong;
                refusal(&post(&world, path, &changed).await, 400);
            }
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn the_case_of_a_fields_name_matters() {
    let world = World::start().await;
    let body = json!({ "User_Id": "user-123", "stationId": "station-456" });
    refusal(&post(&world, QUOTE, &body).await, 400);
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_user_or_station_that_is_empty_blank_or_has_control_characters_is_400() {
    let world = World::start().await;
    for (path, name, body) in named_by_others() {
        for text in [
            "",
            " ",
            "\t",
            "user\u{0}",
            "user\n123",
            "\u{1b}[31m",
            "user\u{7f}",
            "a\u{85}b",
        ] {
            let mut changed = body.clone();
            changed[name] = json!(text);
            refusal(&post(&world, path, &changed).await, 400);
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_user_or_station_of_256_characters_or_a_megabyte_is_400() {
    let world = World::start().await;
    for (path, name, body) in named_by_others() {
        for text in ["x".repeat(256), "ж".repeat(256), "x".repeat(1 << 20)] {
            let mut changed = body.clone();
            changed[name] = json!(text);
            refusal(&post(&world, path, &changed).await, 400);
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn a_user_of_255_characters_rents_in_any_script() {
    let world = World::start().await;
    for user_id in [
        "x".repeat(255),
        "ж".repeat(255),
        "a user/with?odd&chars=%20+#'\"\\".to_owned(),
    ] {
        let rented = world.rent(&user_id, "station-456").await;
        let shown = world.show(&rented.rental_id).await.unwrap();
        assert_eq!(shown["rental"]["user_id"], json!(user_id));
        let holds = world.stub.calls("hold-money-for-order").await.unwrap();
        let last = holds.last().unwrap();
        assert_eq!(last["body"]["user_id"], json!(user_id));
        assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 500);
    }
    assert_eq!(world.check_laws().await.unwrap(), 3);
}

#[tokio::test]
async fn a_station_of_255_characters_is_unknown_and_not_malformed() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    for station_id in [
        "x".repeat(255),
        "ж".repeat(255),
        "a&id=station-456".to_owned(),
    ] {
        let quote = world.quote("user-123", &station_id).await.unwrap();
        assert_eq!(refusal(&quote, 404), "Station not found");
        let stop = world
            .stop(&rented.rental_id, &station_id, &fresh_key())
            .await;
        assert_eq!(refusal(&stop.unwrap(), 404), "Station not found");
    }
    assert_eq!(
        seen(&world, &rented.rental_id).await["status"],
        json!("ACTIVE")
    );
    assert_eq!(world.books(&rented.rental_id).await.unwrap().held, 500);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_text_that_is_no_id_of_ours_is_unknown_however_it_looks() {
    let world = World::start().await;
    let odd = [
        "",
        " ",
        "quote-789",
        "rental-abc",
        "'; DROP TABLE rentals; --",
        "quote-\u{0}",
        "\u{1b}",
    ];
    let long = ["x".repeat(256), "x".repeat(1 << 20)];
    for text in odd.into_iter().chain(long.iter().map(String::as_str)) {
        let start = post(&world, START, &json!({ "quote_id": text })).await;
        assert_eq!(refusal(&start, 404), "Quote not found");
        let body = json!({ "rental_id": text, "station_id": "station-456" });
        assert_eq!(
            refusal(&post(&world, STOP, &body).await, 404),
            "Rental not found"
        );
    }
    nothing_happened(&world).await;
}

#[tokio::test]
async fn fields_that_nobody_asked_for_are_accepted_and_belong_to_no_fingerprint() {
    let world = World::start().await;
    let more = |mut body: Value| {
        body["client"] = json!({ "app": [1, 2, 3], "price_per_hour": 0 });
        body["price_per_hour"] = json!(0);
        body["amount"] = json!(-1);
        body
    };
    let [(_, quote), ..] = bodies();
    let quote = post(&world, QUOTE, &more(quote)).await.json();
    assert_eq!(quote["price_per_hour"], json!(60));

    let key = fresh_key();
    let body = json!({ "quote_id": quote["quote_id"] });
    let start = world
        .post(START, Some(&key), &more(body.clone()))
        .await
        .unwrap();
    assert_eq!(start.status, 200, "{}", start.body);
    assert_eq!(world.post(START, Some(&key), &body).await.unwrap(), start);

    let rental_id = start.json()["rental_id"].clone();
    let body = json!({ "rental_id": rental_id, "station_id": "station-456" });
    let stop = world
        .post(STOP, Some(&key), &more(body.clone()))
        .await
        .unwrap();
    assert_eq!(stop.json()["total_amount"], json!(0), "{}", stop.body);
    assert_eq!(world.post(STOP, Some(&key), &body).await.unwrap(), stop);
    world.settle_and_check().await.unwrap();
    let books = world.books(rental_id.as_str().unwrap()).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (0, 1, 0));
}
