//! The end of a hold.

use super::HOLD;
use crate::billed::{number, sql};
use crate::probe::{
    assert_error, calls, deposit, ejects, fault, fault_once, hold_status, releases, rental_of,
    set_stock, stopped,
};
use serde_json::json;
use testkit::{World, fresh_key};

const RELEASE: &str = "release-money-for-order";
const CLEAR: &str = "clear-money-for-order";

/// A start that failed for want of a power bank, after its deposit was held.
async fn failed_start(world: &World) -> String {
    set_stock(world, "station-456", 5).await;
    let quote_id = world.quoted("user-123", "station-456").await;
    set_stock(world, "station-456", 0).await;
    let refused = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_error(&refused, 409, "No power bank could be ejected");
    let failed = rental_of(world, &quote_id).await;
    assert_eq!(failed.status, "FAILED");
    failed.rental_id
}

#[tokio::test]
async fn the_hold_of_a_failed_start_is_released_before_the_answer() {
    let world = World::start().await;
    let rental_id = failed_start(&world).await;
    assert_eq!(deposit(&world, &rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &rental_id).await, "RELEASED");
    assert_eq!(releases(&world, &rental_id).await, json!(1));
    let account = world.stub.get("/admin/accounts/user-123").await.unwrap();
    assert_eq!(
        (&account["balance"], &account["held"]),
        (&json!(100_000), &json!(0))
    );
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, RELEASE).await, 1);
    assert_eq!(ejects(&world).await, 0);
}

#[tokio::test]
async fn a_release_whose_answer_is_lost_is_asked_about_by_reconcile_and_made_once() {
    let world = World::start().await;
    for mode in ["lose", "fail", "garbage"] {
        fault_once(&world, RELEASE, mode).await;
        let rental_id = failed_start(&world).await;
        assert_eq!(hold_status(&world, &rental_id).await, "RELEASING", "{mode}");
        let held = if mode == "lose" { 0 } else { 500 };
        assert_eq!(deposit(&world, &rental_id).await, (1, held), "{mode}");

        let report = world.reconcile().await.unwrap();
        assert_eq!(report["holds_released"], json!(1), "{mode}");
        assert_eq!(deposit(&world, &rental_id).await, (1, 0), "{mode}");
        assert_eq!(hold_status(&world, &rental_id).await, "RELEASED", "{mode}");
        assert_eq!(releases(&world, &rental_id).await, json!(1), "{mode}");
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, RELEASE).await, 6, "each once and once again");
}

#[tokio::test]
async fn a_hold_is_released_after_the_books_are_settled_and_not_before() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, "station-456").await;
    for _ in 0..2 {
        world.reconcile().await.unwrap();
        assert_eq!(
            deposit(&world, &rented.rental_id).await,
            (1, 500),
            "nothing is billed yet"
        );
        assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
        world.advance(30).await.unwrap();
    }

    world.tick().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!(json!(books.paid), stop.json()["total_amount"]);
    assert_eq!(
        books.held,
        500 - books.paid,
        "clears take from the hold first"
    );
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["holds_released"], json!(1));
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(releases(&world, &rented.rental_id).await, json!(1));
    world.settle_and_check().await.unwrap();
    assert_eq!(calls(&world, RELEASE).await, 1);
}

#[tokio::test]
async fn a_hold_stays_while_billing_does_not_know_of_the_end() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.billing_proxy.cut();
    stopped(&world, &rented.rental_id, "station-456").await;
    for _ in 0..2 {
        world.advance(30).await.unwrap();
        world.reconcile().await.unwrap();
        assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
    }
    world.billing_proxy.open();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 500));
    world.settle_and_check().await.unwrap();
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
}

#[tokio::test]
async fn a_hold_stays_while_a_charge_is_unknown() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    stopped(&world, &rented.rental_id, "station-456").await;
    fault_once(&world, CLEAR, "lose").await;
    world.tick().await.unwrap();
    world.reconcile().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert!(books.open > 0 && books.paid == 0, "{books:?}");
    assert_eq!(books.held, 500 - books.open);
    assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");

    world.settle_and_check().await.unwrap();
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
}

#[tokio::test]
async fn a_hold_stays_while_anything_is_owed_and_is_released_when_the_debt_is_paid() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, "station-456").await;
    fault(
        &world,
        json!({ "endpoint": CLEAR, "mode": "fail", "status": 400 }),
    )
    .await;
    for _ in 0..2 {
        world.tick().await.unwrap();
        world.reconcile().await.unwrap();
        let books = world.books(&rented.rental_id).await.unwrap();
        assert_eq!(json!(books.debt), stop.json()["total_amount"]);
        assert_eq!((books.holds, books.held), (1, 500));
        assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
        world.advance(61).await.unwrap();
    }

    world.stub.heal().await.unwrap();
    world.advance(3_600).await.unwrap();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.debt, books.holds, books.held), (0, 1, 0));
    assert_eq!(json!(books.taken), stop.json()["total_amount"]);
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
}

#[tokio::test]
async fn a_hold_that_was_used_up_by_the_charges_is_over_too() {
    let world = World::start().await;
    world.stub.set_balance("user-anna", 2_000).await.unwrap();
    let rented = world.rent("user-anna", "station-demo").await;
    world.advance(1_000).await.unwrap();
    let stop = stopped(&world, &rented.rental_id, "station-demo").await;
    world.settle_and_check().await.unwrap();

    let total = stop.json()["total_amount"].as_i64().unwrap();
    assert!(total >= 1_000, "{total}");
    let books = world.books(&rented.rental_id).await.unwrap();
    assert_eq!((books.taken, books.holds, books.held), (total, 1, 0));
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
    let account = world.stub.get("/admin/accounts/user-anna").await.unwrap();
    assert_eq!(
        (&account["balance"], &account["held"]),
        (&json!(2_000 - total), &json!(0))
    );
    assert_eq!(calls(&world, HOLD).await, 1);
}

/// Whoever asked about it would fail.
#[tokio::test]
async fn a_rental_that_owes_is_not_asked_about_and_its_hold_is_released_when_the_debt_is_paid() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    stopped(&world, &rented.rental_id, "station-456").await;
    fault(
        &world,
        json!({ "endpoint": CLEAR, "mode": "fail", "status": 400 }),
    )
    .await;
    world.tick().await.unwrap();
    world.reconcile().await.unwrap();
    let rename = "ALTER TABLE debts RENAME TO elsewhere".to_owned();
    sql(&world.databases.billing, rename).await;
    for _ in 0..2 {
        let report = world.reconcile().await.unwrap();
        assert_eq!(report["failures"], json!([]), "{report}");
    }
    let repair = "ALTER TABLE elsewhere RENAME TO debts".to_owned();
    sql(&world.databases.billing, repair).await;
    assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");

    world.stub.heal().await.unwrap();
    world.advance(91).await.unwrap();
    world.tick().await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["holds_released"], json!(1), "in the same round");
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_turns_out_to_stand_after_the_books_are_settled_is_released() {
    let world = World::start().await;
    fault(&world, json!({ "endpoint": HOLD, "mode": "lose" })).await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    stopped(&world, &rented.rental_id, "station-456").await;
    world.tick().await.unwrap();
    for _ in 0..2 {
        world.reconcile().await.unwrap();
        world.advance(61).await.unwrap();
    }
    assert_eq!(hold_status(&world, &rented.rental_id).await, "REQUESTED");
    let told = "SELECT count(*) FROM rentals WHERE release_due".to_owned();
    assert_eq!(number(&world.databases.billing, told).await, 0);

    world.stub.heal().await.unwrap();
    let report = world.reconcile().await.unwrap();
    assert_eq!(report["holds_released"], json!(1), "{report}");
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_turns_out_to_stand_while_its_ended_rental_owes_is_released_when_that_is_paid()
{
    let world = World::start().await;
    fault(&world, json!({ "endpoint": HOLD, "mode": "lose" })).await;
    let rented = world.rent("user-123", "station-456").await;
    world.advance(44 * 60 + 30).await.unwrap();
    stopped(&world, &rented.rental_id, "station-456").await;
    world.stub.heal().await.unwrap();
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400 });
    fault(&world, declined).await;
    world.tick().await.unwrap();
    for _ in 0..2 {
        let report = world.reconcile().await.unwrap();
        assert_eq!(report["holds_released"], json!(0));
        assert_eq!(hold_status(&world, &rented.rental_id).await, "HELD");
        let unasked = "SELECT count(*) FROM rentals WHERE held_late".to_owned();
        assert_eq!(number(&world.databases.rental, unasked).await, 0);
    }
    world.stub.heal().await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(hold_status(&world, &rented.rental_id).await, "RELEASED");
}

#[tokio::test]
async fn a_release_that_the_provider_refuses_is_asked_for_again_under_a_new_key() {
    let world = World::start().await;
    let rented = world.rent("user-123", "station-456").await;
    stopped(&world, &rented.rental_id, "station-456").await;
    let refuse = json!({ "endpoint": "release-money-for-order", "mode": "refuse", "times": 3 });
    fault(&world, refuse).await;
    let mut released = 0;
    for _ in 0..3 {
        world.advance(61).await.unwrap();
        world.tick().await.unwrap();
        let report = world.reconcile().await.unwrap();
        released += report["holds_released"].as_i64().unwrap();
    }
    assert_eq!(released, 1);
    assert_eq!(deposit(&world, &rented.rental_id).await, (1, 0));
    world.settle_and_check().await.unwrap();
}
