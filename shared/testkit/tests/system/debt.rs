//! What was declined is a debt: how it arises, grows, is shown and told.

use crate::billed::{
    BROKE, CLEAR, DEMO, PLAIN, RICH, attempts, clears, current_debt, events, int, next_tick,
    number, rented_for, stop, uuid,
};
use serde_json::json;
use testkit::{World, fresh_key};

const DAYS: i64 = 24 * 3_600;

#[tokio::test]
async fn a_declined_charge_becomes_a_debt_of_its_amount() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, PLAIN, 44 * 60 + 20).await;
    assert_eq!(current_debt(&world, &rental_id).await, Some(0));
    let tick = world.tick().await.unwrap();
    assert_eq!((int(&tick, "declined"), int(&tick, "debts_opened")), (1, 1));
    let attempts = attempts(&world, &rental_id).await;
    assert_eq!(
        (attempts[0].status.as_str(), attempts[0].amount),
        ("DECLINED", 45)
    );
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.debt, books.paid, books.taken, books.holds),
        (45, 0, 0, 0)
    );
    assert_eq!(current_debt(&world, &rental_id).await, Some(45));
    assert_eq!(
        events(&world, &rental_id).await,
        [("DEBT_OPENED".to_owned(), 45)]
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn new_dues_join_a_debt_without_a_call() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, DEMO, 100).await;
    next_tick(&world).await;
    let first = world.books(&rental_id).await.unwrap().debt;
    let tick = next_tick(&world).await;
    assert_eq!((int(&tick, "rentals"), int(&tick, "declined")), (1, 0));
    let second = world.books(&rental_id).await.unwrap().debt;
    assert!(second > first, "{first}, then {second}");

    let total = stop(&world, &rental_id).await;
    assert_eq!(
        clears(&world, &rental_id).await.len(),
        1,
        "only what was declined"
    );
    world.stub.set_balance(BROKE, 100_000).await.unwrap();
    world.advance(3_600).await.unwrap();
    next_tick(&world).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt + books.paid, books.paid), (total, 100));
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_debt_is_opened_once_and_settled_once_for_all_who_listen() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, PLAIN, 4 * 3_600).await;
    world.tick().await.unwrap();
    let opened = world.books(&rental_id).await.unwrap().debt;
    let total = stop(&world, &rental_id).await;
    for _ in 0..3 {
        world.advance(600).await.unwrap();
        next_tick(&world).await;
    }
    assert_eq!(
        events(&world, &rental_id).await,
        [("DEBT_OPENED".to_owned(), opened)]
    );

    world.stub.set_balance(BROKE, total).await.unwrap();
    let mut settled = 0;
    for _ in 0..4 {
        world.advance(3_600).await.unwrap();
        settled += int(&next_tick(&world).await, "debts_settled");
    }
    assert_eq!(settled, 1);
    let told = [
        ("DEBT_OPENED".to_owned(), opened),
        ("DEBT_SETTLED".to_owned(), 0),
    ];
    assert_eq!(events(&world, &rental_id).await, told);
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (0, total, total));
    assert_eq!(current_debt(&world, &rental_id).await, Some(0));
}

#[tokio::test]
async fn a_rental_that_is_declined_again_later_opens_its_debt_again() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, PLAIN, 44 * 60 + 20).await;
    world.tick().await.unwrap();
    world.stub.set_balance(BROKE, 50).await.unwrap();
    for _ in 0..2 {
        world.advance(61).await.unwrap();
        next_tick(&world).await;
    }
    assert_eq!(world.books(&rental_id).await.unwrap().debt, 0);
    world.stub.set_balance(BROKE, 0).await.unwrap();
    world.advance(1_800).await.unwrap();
    next_tick(&world).await;
    let kinds: Vec<_> = events(&world, &rental_id)
        .await
        .into_iter()
        .map(|event| event.0)
        .collect();
    assert_eq!(kinds, ["DEBT_OPENED", "DEBT_SETTLED", "DEBT_OPENED"]);
    let books = world.books(&rental_id).await.unwrap();
    assert!(books.debt > 0 && books.taken == books.paid, "{books:?}");
    let rests = format!(
        "SELECT extract(epoch FROM next_try_at - opened_at)::bigint FROM debts WHERE rental_id = '{}'",
        uuid(&rental_id)
    );
    assert_eq!(
        number(&world.databases.billing, rests).await,
        60,
        "it is a new debt"
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_debt_is_paid_from_the_hold_as_far_as_that_goes() {
    let world = World::start().await;
    // 700: 500 of it are held, and 800 are not there.
    let rental_id = rented_for(&world, "user-boris", DEMO, 800).await;
    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.taken, books.held), (total, 0, 500));
    for _ in 0..9 {
        world.advance(3_600).await.unwrap();
        next_tick(&world).await;
        world.reconcile().await.unwrap();
    }
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held, books.debt), (700, 0, total - 700));

    world.stub.set_balance("user-boris", 1_000).await.unwrap();
    for _ in 0..2 {
        world.advance(3_600).await.unwrap();
        next_tick(&world).await;
    }
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.debt), (total, 0));
}

#[tokio::test]
async fn after_30_days_a_debt_is_left_to_a_person_and_stays_shown() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, PLAIN, 44 * 60 + 20).await;
    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    world.advance(30 * DAYS - 3_600).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "declined"), int(&tick, "left_to_a_person")),
        (1, 0)
    );
    world.advance(3_600).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!(
        (int(&tick, "declined"), int(&tick, "left_to_a_person")),
        (0, 1)
    );
    let calls = clears(&world, &rental_id).await.len();

    world.stub.set_balance(BROKE, 1_000).await.unwrap();
    for _ in 0..3 {
        world.advance(DAYS).await.unwrap();
        assert_eq!(int(&next_tick(&world).await, "rentals"), 0);
    }
    assert_eq!(clears(&world, &rental_id).await.len(), calls);
    assert_eq!(current_debt(&world, &rental_id).await, Some(total));
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_trusted_user_without_money_rents_owes_and_pays_when_there_is_money() {
    let world = World::start().await;
    let rental_id = rented_for(&world, BROKE, PLAIN, 44 * 60 + 20).await;
    world.tick().await.unwrap();
    let quote_id = world.quoted(BROKE, PLAIN).await;
    let second = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(
        second.status, 402,
        "one without a deposit at a time: {}",
        second.body
    );

    let total = stop(&world, &rental_id).await;
    next_tick(&world).await;
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.holds, books.debt, books.taken), (0, total, 0));
    world.settle_and_check().await.unwrap();
    assert_eq!(current_debt(&world, &rental_id).await, Some(total));

    world.stub.set_balance(BROKE, 1_000).await.unwrap();
    world.advance(3_600).await.unwrap();
    next_tick(&world).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.debt, books.paid, books.taken), (0, total, total));
    let again = world.rent(BROKE, PLAIN).await.rental_id;
    assert_eq!(world.books(&again).await.unwrap().held, 500);
}

#[tokio::test]
async fn one_rentals_debt_stops_no_other_rental_of_the_user() {
    let world = World::start().await;
    let owing = rented_for(&world, RICH, DEMO, 100).await;
    let paying = world.rent(RICH, DEMO).await.rental_id;
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400, "order_id": owing });
    world.stub.fault(declined).await.unwrap();
    world.advance(100).await.unwrap();
    let tick = next_tick(&world).await;
    assert_eq!((int(&tick, "declined"), int(&tick, "charges")), (1, 1));
    assert!(current_debt(&world, &owing).await.unwrap() > 0);
    assert_eq!(current_debt(&world, &paying).await, Some(0));
    world.stub.heal().await.unwrap();
    for rental_id in [&owing, &paying] {
        stop(&world, rental_id).await;
    }
    for _ in 0..4 {
        world.advance(61).await.unwrap();
        next_tick(&world).await;
    }
    world.settle_and_check().await.unwrap();
    for rental_id in [&owing, &paying] {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((Some(books.taken), books.held), (books.total_amount, 0));
    }
}
