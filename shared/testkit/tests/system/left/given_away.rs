//! A power bank of which a start hears so late that others had it before, or since.

use super::{HOURS, resolve_eject, unknown_start};
use crate::billed::{PLAIN, RICH, finish, int, sql, stop, text, uuid};
use crate::probe::{fault_once, next_powerbank, rental_of};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

async fn flag(world: &World, rental_id: &str) -> Value {
    world.show(rental_id).await.unwrap()["rental"]["flag_reason"].clone()
}

async fn flagged(world: &World) -> i64 {
    let report = world.reconcile().await.unwrap();
    int(&report["books"], "rentals_flagged")
}

#[tokio::test]
async fn a_start_whose_power_bank_somebody_else_got_since_is_flagged_until_it_is_finished() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    next_powerbank(&world, "station-gum", "pb-001").await;
    let since = world.rent("user-anna", "station-gum").await.rental_id;
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    assert_eq!(text(&shown["rental"], "status"), "ACTIVE");
    assert!(text(&shown["rental"], "flag_reason").contains(&since));
    assert_eq!(flag(&world, &since).await, Value::Null);
    assert_eq!(flagged(&world).await, 1);

    finish(&world, &start.rental_id, &shown["rental"]["started_at"])
        .await
        .unwrap();
    assert_eq!(flag(&world, &start.rental_id).await, Value::Null);
    assert_eq!(flagged(&world).await, 0);
    stop(&world, &since).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&start.rental_id).await.unwrap().taken, 0);
}

#[tokio::test]
async fn a_start_that_is_over_leaves_the_power_bank_to_whoever_has_it() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    next_powerbank(&world, "station-gum", "pb-001").await;
    let since = world.rent("user-anna", "station-gum").await.rental_id;
    let shown = world.show(&start.rental_id).await.unwrap();
    let begun = &shown["rental"]["created_at"];
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001", "started_at": begun,
                                       "finished_at": begun } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    assert_eq!(text(&shown["rental"], "status"), "FINISHED");
    assert_eq!(shown["rental"]["flag_reason"], Value::Null);
    assert_eq!(flag(&world, &since).await, Value::Null);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_rental_that_had_the_power_bank_before_is_flagged() {
    let world = World::start().await;
    let before = world.rent("user-anna", PLAIN).await.rental_id;
    next_powerbank(&world, PLAIN, "pb-001").await;
    let start = unknown_start(&world, RICH, "lose").await;
    let ejected = json!({ "ejected": { "powerbank_id": "pb-001" } });
    let shown = resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    assert_eq!(shown["rental"]["flag_reason"], Value::Null);
    let reason = flag(&world, &before).await;
    assert!(reason.as_str().unwrap().contains(&start.rental_id));
    world.check_laws().await.unwrap();
}

/// The first station's answer comes after the bank was brought back, and given to somebody else.
#[tokio::test]
async fn reconcile_flags_the_start_that_it_finishes_when_somebody_else_got_the_power_bank_since() {
    let world = World::start().await;
    let quote_id = world.quoted(RICH, PLAIN).await;
    fault_once(&world, "eject-powerbank", "lose").await;
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 503);
    world.advance(HOURS).await.unwrap();
    next_powerbank(&world, "station-gum", "pb-001").await;
    let quote_of_since = world.quoted("user-anna", "station-gum").await;
    let since = world
        .start_rental(&quote_of_since, &fresh_key())
        .await
        .unwrap();
    assert_eq!(since.status, 200, "{}", since.body);
    let report = world.reconcile().await.unwrap();
    assert_eq!(int(&report, "starts_finished"), 1, "{report}");
    let rental_id = rental_of(&world, &quote_id).await.rental_id;
    assert!(flag(&world, &rental_id).await.is_string());
    let since = rental_of(&world, &quote_of_since).await.rental_id;
    assert_eq!(flag(&world, &since).await, Value::Null);
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_flagged_rental_that_ended_by_itself_waits_until_a_person_has_looked() {
    let world = World::start().await;
    let flagged_id = world.rent("user-anna", PLAIN).await.rental_id;
    let flag = format!(
        "UPDATE rentals SET flagged_at = app_now(), flag_reason = 'given to somebody else'
         WHERE rental_id = '{}'",
        uuid(&flagged_id)
    );
    sql(&world.databases.rental, flag).await;
    world.advance(100 * HOURS).await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&flagged_id).await.unwrap().status, "BUYOUT");
    assert_eq!(flagged(&world).await, 1);
    let started_at = world.show(&flagged_id).await.unwrap()["rental"]["started_at"].clone();
    finish(&world, &flagged_id, &started_at).await.unwrap();
    assert_eq!(flagged(&world).await, 0);
    world.settle_and_check().await.unwrap();
    let books = world.books(&flagged_id).await.unwrap();
    assert_eq!((books.total_amount, books.refunded), (Some(0), 5_000));
}
