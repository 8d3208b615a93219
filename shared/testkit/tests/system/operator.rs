//! What a person can see and put right: a rental that cannot be processed waits for one.

use crate::billed::{
    BROKE, CLEAR, DEMO, PLAIN, RICH, attempts, clears, int, movements, next_tick, rented_for, sql,
    stop, text, uuid,
};
use serde_json::{Value, json};
use sqlx::Row;
use testkit::World;

async fn requeue(world: &World, rental_id: &str) -> anyhow::Result<Value> {
    world
        .operator(json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" }))
        .await
}

/// Four rentals in one batch, of which `poison` spoils the second; it alone is to be set aside.
async fn set_aside_alone(
    world: &World,
    poison: impl AsyncFn(&World, &str),
) -> (String, Vec<String>) {
    let mut rentals = Vec::new();
    for user in ["user-a", "user-b", "user-c", "user-d"] {
        rentals.push(world.rent(user, DEMO).await.rental_id);
    }
    world.advance(100).await.unwrap();
    let bad = rentals.remove(1);
    poison(world, &bad).await;
    let tick = next_tick(world).await;
    assert_eq!(
        (int(&tick, "set_aside"), int(&tick, "charges")),
        (1, 3),
        "{tick}"
    );
    for rental_id in &rentals {
        let books = world.books(rental_id).await.unwrap();
        assert!(books.taken >= 90 && books.paid == books.taken, "{books:?}");
    }
    let row = sqlx::query(
        "SELECT set_aside_reason, lease_token IS NULL AS is_free FROM rentals
         WHERE rental_id = $1 AND set_aside_at IS NOT NULL",
    )
    .bind(uuid(&bad))
    .fetch_one(&world.databases.billing)
    .await
    .unwrap();
    assert!(!row.get::<String, _>("set_aside_reason").is_empty());
    assert!(row.get::<bool, _>("is_free"));
    (bad, rentals)
}

/// The others go on; the one that was set aside is left alone until it is requeued, and then
/// billed to its total.
async fn requeued_and_billed(world: &World, bad: &str, others: &[String]) {
    let calls = clears(world, bad).await.len();
    let tick = next_tick(world).await;
    assert_eq!(
        (int(&tick, "rentals"), int(&tick, "set_aside")),
        (3, 0),
        "{tick}"
    );
    assert_eq!(clears(world, bad).await.len(), calls, "nobody asks for it");

    let shown = requeue(world, bad).await.unwrap();
    assert_eq!(shown["billing"]["set_aside_at"], Value::Null);
    assert_eq!(
        text(&shown["operator_actions"][0]["command"], "command"),
        "requeue"
    );
    let again = requeue(world, bad).await.unwrap_err();
    assert!(format!("{again:#}").contains("set aside"), "{again:#}");
    stop(world, bad).await;
    for rental_id in others {
        stop(world, rental_id).await;
    }
    world.settle_and_check().await.unwrap();
    for rental_id in others.iter().map(String::as_str).chain([bad]) {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((Some(books.taken), books.held), (books.total_amount, 0));
    }
}

#[tokio::test]
async fn a_rental_that_cannot_be_read_is_set_aside_alone_and_billed_when_repaired() {
    let world = World::start().await;
    let rename = async |world: &World, rental_id: &str, user_id: &str| {
        let id = uuid(rental_id);
        let rename = format!("UPDATE rentals SET user_id = '{user_id}' WHERE rental_id = '{id}'");
        sql(&world.databases.billing, rename).await;
    };
    let (bad, others) =
        set_aside_alone(&world, async |world, id| rename(world, id, " ").await).await;
    assert_eq!(world.books(&bad).await.unwrap().taken, 0);
    let shown = world.show(&bad).await.unwrap();
    assert!(text(&shown["billing"], "set_aside_reason").contains("user_id"));
    rename(&world, &bad, "user-b").await;
    requeued_and_billed(&world, &bad, &others).await;
}

#[tokio::test]
async fn a_rental_whose_sums_overflow_is_set_aside_alone_and_billed_when_repaired() {
    let world = World::start().await;
    let overflow = async |world: &World, rental_id: &str| {
        let owe = format!(
            "INSERT INTO debts (rental_id, user_id, amount, opened_at, next_try_at)
             VALUES ('{0}', 'user-b', {1}, app_now(), app_now());
             UPDATE rentals SET paid = 1 WHERE rental_id = '{0}'",
            uuid(rental_id),
            i64::MAX
        );
        sql(&world.databases.billing, owe).await;
    };
    let (bad, others) = set_aside_alone(&world, overflow).await;
    assert_eq!(world.books(&bad).await.unwrap().taken, 0);
    let repair = format!(
        "DELETE FROM debts WHERE rental_id = '{0}'; UPDATE rentals SET paid = 0 WHERE rental_id = '{0}'",
        uuid(&bad)
    );
    sql(&world.databases.billing, repair).await;
    requeued_and_billed(&world, &bad, &others).await;
}

/// The intent is refused, so nobody is asked for money.
#[tokio::test]
async fn a_rental_whose_intent_is_refused_is_set_aside_before_any_call() {
    let world = World::start().await;
    let refuse = async |world: &World, rental_id: &str| {
        let refuse = format!(
            "ALTER TABLE payment_attempts ADD CONSTRAINT poison CHECK (rental_id <> '{}')",
            uuid(rental_id)
        );
        sql(&world.databases.billing, refuse).await;
    };
    let (bad, others) = set_aside_alone(&world, refuse).await;
    assert!(clears(&world, &bad).await.is_empty() && attempts(&world, &bad).await.is_empty());
    let repair = "ALTER TABLE payment_attempts DROP CONSTRAINT poison".to_owned();
    sql(&world.databases.billing, repair).await;
    requeued_and_billed(&world, &bad, &others).await;
}

/// The money was taken, and that cannot be written down: it stays unknown, and is not taken again.
#[tokio::test]
async fn a_rental_whose_outcome_is_refused_is_set_aside_with_its_attempt_open() {
    let world = World::start().await;
    let refuse = async |world: &World, rental_id: &str| {
        let refuse = format!(
            "ALTER TABLE payment_attempts ADD CONSTRAINT poison
             CHECK (rental_id <> '{}' OR status = 'OPEN')",
            uuid(rental_id)
        );
        sql(&world.databases.billing, refuse).await;
    };
    let (bad, others) = set_aside_alone(&world, refuse).await;
    let books = world.books(&bad).await.unwrap();
    assert_eq!((books.open, books.paid), (books.taken, 0));
    assert!(books.taken > 0);
    world.check_laws().await.unwrap();
    let repair = "ALTER TABLE payment_attempts DROP CONSTRAINT poison".to_owned();
    sql(&world.databases.billing, repair).await;
    requeued_and_billed(&world, &bad, &others).await;
    let takes = movements(&world, &bad)
        .await
        .iter()
        .filter(|kind| *kind == "clear")
        .count();
    assert_eq!(
        takes,
        attempts(&world, &bad).await.len(),
        "each attempt took once"
    );
}

/// PostgreSQL knows a moment that no clock shows: a hand at the database may well write it.
#[tokio::test]
async fn a_rental_with_a_moment_at_the_end_of_time_is_set_aside_alone() {
    let world = World::start().await;
    let never = async |world: &World, rental_id: &str| {
        let never = format!(
            "INSERT INTO debts (rental_id, user_id, amount, opened_at, next_try_at)
             VALUES ('{}', 'user-b', 1, app_now(), 'infinity')",
            uuid(rental_id)
        );
        sql(&world.databases.billing, never).await;
    };
    let (bad, others) = set_aside_alone(&world, never).await;
    let repair = format!("DELETE FROM debts WHERE rental_id = '{}'", uuid(&bad));
    sql(&world.databases.billing, repair).await;
    requeued_and_billed(&world, &bad, &others).await;
}

#[tokio::test]
async fn requeue_without_anything_set_aside_is_refused_and_not_recorded() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let nothing = requeue(&world, &rental_id).await.unwrap_err();
    assert!(format!("{nothing:#}").contains("Nothing"), "{nothing:#}");
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(shown["operator_actions"], json!([]));
    stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(Some(books.taken), books.total_amount);
}

#[tokio::test]
async fn show_tells_everything_about_a_rental() {
    let world = World::start().await;
    let rented = world.rent("user-boris", PLAIN).await;
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400, "times": 1 });
    world.stub.fault(declined).await.unwrap();
    world.advance(44 * 60 + 20).await.unwrap();
    world.tick().await.unwrap();
    let total = stop(&world, &rented.rental_id).await;
    let shown = world.show(&rented.rental_id).await.unwrap();

    let rental = &shown["rental"];
    assert_eq!(text(rental, "rental_id"), rented.rental_id);
    assert_eq!(text(rental, "quote_id"), rented.quote_id);
    assert_eq!(
        (text(rental, "user_id"), text(rental, "station_id")),
        ("user-boris", PLAIN)
    );
    assert_eq!(
        (text(rental, "status"), int(rental, "version")),
        ("FINISHED", 2)
    );
    let terms = [
        "price_per_hour",
        "free_period_min",
        "deposit",
        "buyout",
        "total_amount",
    ];
    assert_eq!(
        terms.map(|term| int(rental, term)),
        [60, 5, 500, 5_000, total]
    );
    assert_eq!(rental["trusted"], json!(true));
    let started = rented.response.json();
    for field in ["powerbank_id", "started_at"] {
        assert_eq!(rental[field], started[field]);
    }
    assert_eq!(text(&rental["hold"], "status"), "HELD");

    let transitions = shown["transitions"].as_array().unwrap();
    assert_eq!(transitions.len(), 2);
    for (transition, status) in transitions.iter().zip(["ACTIVE", "FINISHED"]) {
        assert_eq!(text(&transition["payload"], "status"), status);
        assert!(transition["copied_at"].is_string() && transition["copy_error"].is_null());
    }
    let billing = &shown["billing"];
    let sums = [
        "version",
        "paid",
        "open",
        "debt",
        "refunded",
        "debt_failures",
    ];
    assert_eq!(sums.map(|sum| int(billing, sum)), [2, 0, 0, 45, 0, 0]);
    assert!(billing["debt_next_try_at"].is_string());
    let attempts = shown["payment_attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (text(&attempts[0], "status"), int(&attempts[0], "amount")),
        ("DECLINED", 45)
    );
    assert_eq!(
        (&shown["refunds"], &shown["operator_actions"]),
        (&json!([]), &json!([]))
    );
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn show_of_an_unknown_rental_is_refused_and_a_rental_that_billing_does_not_know_is_shown() {
    let world = World::start().await;
    let nobody = "rental-019a0000-0000-7000-8000-000000000000";
    let error = world.show(nobody).await.unwrap_err();
    assert!(format!("{error:#}").contains("is not known"), "{error:#}");

    world.billing_proxy.cut();
    let rental_id = world.rent(BROKE, DEMO).await.rental_id;
    world.billing_proxy.open();
    let shown = world.show(&rental_id).await.unwrap();
    assert_eq!(shown["billing"], Value::Null);
    assert_eq!(shown["transitions"][0]["copied_at"], Value::Null);
    stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, 0);
}
