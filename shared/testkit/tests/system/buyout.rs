//! The buyout is a moment that follows from the terms: nobody has to observe it.

use crate::billed::{
    BROKE, DEMO, PLAIN, RICH, clears, configs, current_debt, int, next_tick, number, rented_for,
    stop, text, uuid,
};
use serde_json::{Value, json};
use testkit::World;

const HOURS: i64 = 3_600;
/// At 60 an hour more than 49 are due from the second after 49 minutes on.
const BUYOUT: i64 = 50;
const BUYOUT_SEC: i64 = 49 * 60 + 1;

/// A rental whose buyout is `BUYOUT`, long past it.
async fn bought_out(world: &World, user: &str) -> String {
    configs(world, BUYOUT, 30, 100).await;
    rented_for(world, user, PLAIN, 3 * HOURS).await
}

/// How many seconds after its start a rental ended, as db-rental says.
async fn ended_after(world: &World, rental_id: &str) -> i64 {
    let seconds = format!(
        "SELECT extract(epoch FROM finished_at - started_at)::bigint FROM rentals
         WHERE rental_id = '{}' AND finished_at = buyout_at",
        uuid(rental_id)
    );
    number(&world.databases.rental, seconds).await
}

async fn returned(world: &World) -> Vec<Value> {
    world.stub.calls("return-powerbank").await.unwrap()
}

#[tokio::test]
async fn at_its_buyout_a_rental_ends_by_itself_and_costs_no_unit_more() {
    let world = World::start().await;
    let rental_id = bought_out(&world, RICH).await;
    let status = world.status(&rental_id).await.unwrap().json();
    assert_eq!(
        text(&status, "status"),
        "BUYOUT",
        "before anybody wrote it down"
    );
    assert_eq!(
        (
            int(&status, "total_amount"),
            int(&status, "duration_minutes")
        ),
        (BUYOUT, 49)
    );

    assert_eq!(int(&next_tick(&world).await, "charged_amount"), BUYOUT);
    let report = world.reconcile().await.unwrap();
    assert_eq!((int(&report, "buyouts"), int(&report, "copied")), (1, 1));
    assert_eq!(ended_after(&world, &rental_id).await, BUYOUT_SEC);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.status.as_str(), books.total_amount),
        ("BUYOUT", Some(BUYOUT))
    );
    assert_eq!(int(&world.reconcile().await.unwrap(), "buyouts"), 0);

    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.taken, books.held), (BUYOUT, BUYOUT, 0));
    assert_eq!(world.status(&rental_id).await.unwrap().json(), status);
    assert!(
        returned(&world).await.is_empty(),
        "the power bank is the user's"
    );
}

#[tokio::test]
async fn the_tick_alone_bills_the_buyout_and_never_more() {
    let world = World::start().await;
    configs(&world, BUYOUT, 30, 100).await;
    let rental_id = rented_for(&world, RICH, PLAIN, 30 * 60).await;
    for _ in 0..8 {
        next_tick(&world).await;
        world.advance(10 * 60).await.unwrap();
        world.check_laws().await.unwrap();
    }
    let calls = clears(&world, &rental_id).await.len();
    world.advance(365 * 24 * HOURS).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    assert_eq!(clears(&world, &rental_id).await.len(), calls);
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.status.as_str(), books.paid, books.taken),
        ("ACTIVE", BUYOUT, BUYOUT)
    );
    let status = world.status(&rental_id).await.unwrap().json();
    assert_eq!(
        (text(&status, "status"), int(&status, "total_amount")),
        ("BUYOUT", BUYOUT)
    );
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_buyout_that_is_written_down_first_is_billed_the_same() {
    let world = World::start().await;
    let rental_id = bought_out(&world, RICH).await;
    world.reconcile().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.paid, books.held),
        (Some(BUYOUT), 0, 500)
    );
    assert_eq!(int(&next_tick(&world).await, "charged_amount"), BUYOUT);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (BUYOUT, 0));
}

#[tokio::test]
async fn a_stop_after_the_buyout_finds_it_bought_out_and_returns_nothing() {
    let world = World::start().await;
    let rental_id = bought_out(&world, RICH).await;
    let stop = world.stop(&rental_id, PLAIN, "one").await.unwrap().json();
    assert_eq!(
        (text(&stop, "status"), int(&stop, "total_amount")),
        ("BUYOUT", BUYOUT)
    );
    assert_eq!(int(&stop, "duration_minutes"), 49);
    assert_eq!(ended_after(&world, &rental_id).await, BUYOUT_SEC);
    assert_eq!(int(&world.reconcile().await.unwrap(), "buyouts"), 0);
    world.settle_and_check().await.unwrap();
    assert!(returned(&world).await.is_empty());
    assert_eq!(world.books(&rental_id).await.unwrap().taken, BUYOUT);
}

#[tokio::test]
async fn a_price_of_zero_never_comes_to_a_buyout() {
    let world = World::start().await;
    let free = json!({ "price_per_hour": 0, "free_period_min": 0, "deposit": 500 });
    world
        .stub
        .put("/admin/tariffs/tariff-1", free)
        .await
        .unwrap();
    let rental_id = bought_out(&world, RICH).await;
    world.advance(3 * 365 * 24 * HOURS).await.unwrap();
    assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    assert_eq!(int(&world.reconcile().await.unwrap(), "buyouts"), 0);
    let status = world.status(&rental_id).await.unwrap().json();
    assert_eq!(
        (text(&status, "status"), int(&status, "total_amount")),
        ("ACTIVE", 0)
    );
    assert_eq!(stop(&world, &rental_id).await, 0);
    world.settle_and_check().await.unwrap();
    assert!(clears(&world, &rental_id).await.is_empty());
    assert_eq!(world.books(&rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn a_rental_keeps_the_buyout_of_its_quote() {
    let world = World::start().await;
    configs(&world, BUYOUT, 30, 100).await;
    let rental_id = world.rent(RICH, PLAIN).await.rental_id;
    configs(&world, 2 * BUYOUT, 30, 100).await;
    world.advance(3 * HOURS).await.unwrap();
    next_tick(&world).await;
    world.reconcile().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(books.total_amount, Some(BUYOUT));
    assert_eq!((books.taken, books.held), (BUYOUT, 0));
}

#[tokio::test]
async fn a_buyout_that_cannot_be_paid_is_owed_and_collected() {
    let world = World::start().await;
    let rental_id = bought_out(&world, BROKE).await;
    next_tick(&world).await;
    world.reconcile().await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.status.as_str(), books.debt, books.taken),
        ("BUYOUT", BUYOUT, 0)
    );
    assert_eq!(current_debt(&world, &rental_id).await, Some(BUYOUT));

    world.stub.set_balance(BROKE, 10_000).await.unwrap();
    world.advance(HOURS).await.unwrap();
    next_tick(&world).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (0, BUYOUT, BUYOUT));
}

#[tokio::test]
async fn at_one_unit_a_second_the_buyout_comes_to_the_second() {
    let world = World::start().await;
    configs(&world, 200, 30, 100).await;
    let rental_id = rented_for(&world, RICH, DEMO, 300).await;
    next_tick(&world).await;
    world.reconcile().await.unwrap();
    assert_eq!(ended_after(&world, &rental_id).await, 200);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.total_amount, books.taken, books.held),
        (Some(200), 200, 0)
    );
}
