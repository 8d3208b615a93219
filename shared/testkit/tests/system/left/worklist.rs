//! `worklist`: what waits for a person.

use super::{DAYS, HOURS, unknown_start};
use crate::billed::{
    BROKE, CLEAR, DEMO, PLAIN, RICH, finish, int, next_tick, rented_for, sql, stop, text, uuid,
};
use crate::probe::{fault, next_powerbank};
use serde_json::{Value, json};
use testkit::World;

async fn worklist(world: &World) -> Value {
    let command = json!({ "command": "worklist" });
    world.operator(command).await.unwrap()
}

/// The rentals of a list.
fn rentals<'a>(worklist: &'a Value, part: &str, list: &str) -> Vec<&'a str> {
    let waiting = worklist[part][list].as_array();
    let waiting = waiting.unwrap_or_else(|| panic!("{worklist} has no list {part}.{list}"));
    waiting.iter().map(|item| text(item, "rental_id")).collect()
}

#[tokio::test]
async fn in_a_healthy_world_nobody_has_anything_to_do() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    stop(&world, &rental_id).await;
    world.rent("user-anna", PLAIN).await;
    world.settle_and_check().await.unwrap();
    let nothing = json!({
        "unavailable": [],
        "rental": { "flagged": [], "starts": [], "holds": [], "outbox_set_aside": [] },
        "billing": { "set_aside": [], "attempts": [], "debts": [], "refunds": [] },
    });
    assert_eq!(worklist(&world).await, nothing);
}

#[tokio::test]
async fn starts_holds_flags_and_refused_transitions_are_listed() {
    let world = World::start().await;
    let flagged = world.rent("user-anna", DEMO).await.rental_id;
    next_powerbank(&world, DEMO, "pb-001").await;
    world.rent("user-boris", DEMO).await;
    fault(
        &world,
        json!({ "endpoint": "hold-money-for-order", "mode": "fail", "user_id": BROKE }),
    )
    .await;
    let hold = world.rent(BROKE, PLAIN).await.rental_id;
    let start = unknown_start(&world, RICH, "lose").await;
    let refused = world.rent("user-c", PLAIN).await.rental_id;
    let refuse = format!(
        "UPDATE outbox SET copy_error = 'no' WHERE rental_id = '{}'",
        uuid(&refused)
    );
    sql(&world.databases.rental, refuse).await;

    let list = worklist(&world).await;
    assert_eq!(rentals(&list, "rental", "flagged"), [&flagged]);
    assert_eq!(rentals(&list, "rental", "holds"), [&hold]);
    assert_eq!(rentals(&list, "rental", "starts"), [&start.rental_id]);
    assert_eq!(rentals(&list, "rental", "outbox_set_aside"), [&refused]);
    let waiting = &list["rental"]["starts"][0];
    assert_eq!(
        (text(waiting, "user_id"), text(waiting, "station_id")),
        (RICH, PLAIN)
    );
    let ejects = world.stub.calls("eject-powerbank").await.unwrap();
    assert_eq!(waiting["eject_id"], ejects[3]["idempotency_key"]);
    assert_eq!(int(&list["rental"]["holds"][0], "deposit"), 500);

    let report = world.reconcile().await.unwrap();
    for (list, count) in [
        ("flagged", "rentals_flagged"),
        ("holds", "holds_left_to_a_person"),
        ("starts", "starts_left_to_a_person"),
        ("outbox_set_aside", "outbox_set_aside"),
    ] {
        assert_eq!(int(&report["books"], count), 1, "{list}: {report}");
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn attempts_debts_refunds_and_rentals_set_aside_are_listed() {
    let world = World::start().await;
    let debt = rented_for(&world, BROKE, DEMO, 60).await;
    let owed = stop(&world, &debt).await;
    next_tick(&world).await;
    world.advance(30 * DAYS).await.unwrap();
    let refund = rented_for(&world, "user-anna", DEMO, 300).await;
    let set_aside = world.rent("user-boris", DEMO).await.rental_id;
    let attempt = world.rent(RICH, DEMO).await.rental_id;
    fault(
        &world,
        json!({ "endpoint": CLEAR, "mode": "fail", "order_id": attempt }),
    )
    .await;
    world.advance(60).await.unwrap();
    let spoil = format!(
        "UPDATE rentals SET user_id = ' ' WHERE rental_id = '{}'",
        uuid(&set_aside)
    );
    sql(&world.databases.billing, spoil).await;
    next_tick(&world).await;
    let started_at = world.show(&refund).await.unwrap()["rental"]["started_at"].clone();
    finish(&world, &refund, &started_at).await.unwrap();
    world.advance(23 * HOURS).await.unwrap();
    next_tick(&world).await;

    let list = worklist(&world).await;
    for (name, rental_id) in [
        ("attempts", &attempt),
        ("debts", &debt),
        ("refunds", &refund),
        ("set_aside", &set_aside),
    ] {
        assert_eq!(rentals(&list, "billing", name), [rental_id], "{name}");
    }
    assert_eq!(int(&list["billing"]["debts"][0], "amount"), owed);
    let shown = world.show(&refund).await.unwrap();
    let waiting = &list["billing"]["refunds"][0];
    assert_eq!(waiting["refund_id"], shown["refunds"][0]["refund_id"]);
    assert_eq!(waiting["amount"], shown["refunds"][0]["amount"]);
    let shown = world.show(&attempt).await.unwrap();
    assert_eq!(
        list["billing"]["attempts"][0]["attempt_id"],
        shown["payment_attempts"][0]["attempt_id"]
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_hundred_of_a_kind_are_listed_the_oldest_first() {
    let world = World::start().await;
    let many = "INSERT INTO rentals (rental_id, user_id, price_per_hour, free_period_min, buyout,
                                     status, started_at, version, set_aside_at, set_aside_reason)
                SELECT md5('r' || n)::uuid, 'user-' || n, 60, 5, 5000, 'ACTIVE',
                       date_trunc('second', app_now()), 1,
                       app_now() - n * interval '1 second', n::text
                FROM generate_series(1, 120) AS n";
    sql(&world.databases.billing, many.to_owned()).await;
    let list = worklist(&world).await;
    let waiting = list["billing"]["set_aside"].as_array().unwrap();
    assert_eq!(waiting.len(), 100);
    assert_eq!(text(&waiting[0], "set_aside_reason"), "120");
    assert_eq!(text(&waiting[99], "set_aside_reason"), "21");
}

#[tokio::test]
async fn a_database_that_is_away_is_named_and_the_other_ones_list_is_shown() {
    let world = World::start().await;
    world.rent(RICH, PLAIN).await;
    for (proxy, away, there) in [
        (&world.billing_proxy, "billing", "rental"),
        (&world.rental_proxy, "rental", "billing"),
    ] {
        proxy.cut();
        let list = worklist(&world).await;
        assert!(list[there].is_object() && list[away].is_null(), "{list}");
        let named = list["unavailable"][0].as_str().unwrap();
        assert!(named.starts_with(&format!("db-{away}")), "{named}");
        proxy.open();
    }
}
