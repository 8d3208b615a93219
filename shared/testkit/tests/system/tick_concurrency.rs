//! Ticks and reconciles overlap, among themselves and with stops: each thing happens once.

use crate::billed::{
    CLEAR, DEMO, PLAIN, RICH, attempts, clears, int, movements, next_slot, next_tick, number,
    rented_for, sql, stop,
};
use crate::probe::set_stock;
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use testkit::World;

/// Eight ticks that really overlap: each is kept waiting for the configs, and each call for its
/// answer.
async fn eight_ticks(world: &World) -> Vec<Value> {
    for (endpoint, delay_ms) in [("configs", 1_000), (CLEAR, 300)] {
        let late = json!({ "endpoint": endpoint, "mode": "late", "delay_ms": delay_ms });
        world.stub.fault(late).await.unwrap();
    }
    let ticks = join_all((0..8).map(|_| world.tick())).await;
    world.stub.heal().await.unwrap();
    assert!(world.lambda.most_at_once("billing-tick") >= 8);
    ticks.into_iter().map(Result::unwrap).collect()
}

fn sum(reports: &[Value], field: &str) -> i64 {
    reports.iter().map(|report| int(report, field)).sum()
}

/// How many clears came for each order.
async fn clears_by_order(world: &World) -> HashMap<String, usize> {
    let mut orders = HashMap::new();
    for call in world.stub.calls(CLEAR).await.unwrap() {
        let count: &mut usize = orders
            .entry(call["body"]["order_id"].to_string())
            .or_default();
        *count = count.saturating_add(1);
    }
    orders
}

#[tokio::test]
async fn eight_ticks_at_once_charge_each_of_forty_rentals_once() {
    let world = World::start().await;
    let mut rentals = Vec::new();
    for number in 0..40 {
        rentals.push(world.rent(&format!("user-{number}"), DEMO).await.rental_id);
    }
    world.advance(100).await.unwrap();
    next_slot(&world).await;
    let reports = eight_ticks(&world).await;
    assert_eq!(
        (sum(&reports, "charges"), sum(&reports, "unknown")),
        (40, 0)
    );
    let calls = clears_by_order(&world).await;
    assert_eq!(calls.len(), 40);
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    assert_eq!(world.check_laws().await.unwrap(), 40);
    let mut taken = Vec::new();
    for rental_id in &rentals {
        taken.push(world.books(rental_id).await.unwrap().taken);
    }
    assert_eq!(taken.iter().sum::<i64>(), sum(&reports, "charged_amount"));
    assert!(taken.iter().all(|taken| *taken > 90), "{taken:?}");
}

/// As many rentals as three batches, put into both databases by hand.
async fn three_batches_of_rentals(world: &World) -> i64 {
    let now = number(
        &world.databases.rental,
        "SELECT extract(epoch FROM app_now())::bigint".to_owned(),
    )
    .await;
    let started_at = format!("to_timestamp({now}) - interval '90 seconds'");
    let source = format!(
        "FROM jsonb_to_recordset('{}') AS e (seq integer, key uuid, powerbank_id text)",
        json!(ejected(world, 300).await)
    );
    let rental = format!(
        "INSERT INTO rentals (rental_id, quote_id, user_id, station_id, tariff_id, price_per_hour,
                              free_period_min, deposit, buyout, trusted, has_subscription, status,
                              version, powerbank_id, started_at, buyout_at, eject_id, eject_expires_at)
         SELECT md5('r' || seq)::uuid, md5('q' || seq)::uuid, 'user-' || seq, '{DEMO}', 'tariff-demo',
                3600, 0, 0, 5000, true, false, 'ACTIVE', 1, powerbank_id, {started_at},
                {started_at} + interval '5000 seconds', key, {started_at} {source}"
    );
    sql(&world.databases.rental, rental).await;
    let told = "INSERT INTO outbox (event_id, rental_id, version, copied_at, payload)
         SELECT rental_id, rental_id, version, app_now(), to_jsonb(rentals)
                || jsonb_build_object('rental_id', 'rental-' || rental_id) FROM rentals";
    sql(&world.databases.rental, told.to_owned()).await;
    let billing = format!(
        "INSERT INTO rentals (rental_id, user_id, price_per_hour, free_period_min, buyout, status,
                              started_at, version, next_bill_at)
         SELECT md5('r' || seq)::uuid, 'user-' || seq, 3600, 0, 5000, 'ACTIVE', {started_at}, 1,
                {started_at} {source}"
    );
    sql(&world.databases.billing, billing).await;
    300
}

/// That many power banks out of the demo station, each under a key of its own.
async fn ejected(world: &World, power_banks: usize) -> Vec<Value> {
    set_stock(world, DEMO, u64::try_from(power_banks).unwrap()).await;
    let eject = || {
        world
            .stub
            .act("/eject-powerbank", json!({ "station_id": DEMO }))
    };
    let ejects = (0..power_banks).map(|_| eject());
    join_all(ejects).await.into_iter().for_each(Result::unwrap);
    world.stub.ejects().await.unwrap()
}

#[tokio::test]
async fn ticks_at_once_share_the_work() {
    let world = World::start().await;
    let rentals = three_batches_of_rentals(&world).await;
    next_slot(&world).await;
    let reports = eight_ticks(&world).await;
    assert_eq!(
        (sum(&reports, "charges"), sum(&reports, "rentals")),
        (rentals, rentals)
    );
    let workers = reports
        .iter()
        .filter(|report| int(report, "charges") > 0)
        .count();
    assert!(workers >= 2, "{workers} of eight had work");
    let calls = clears_by_order(&world).await;
    assert!(calls.len() == 300 && calls.values().all(|count| *count == 1));
    assert_eq!(world.check_laws().await.unwrap(), 300);
}

/// The first tick's calls are in the provider's hands so long that its leases run out: a second
/// tick asks under the same keys and writes the outcomes, and the first one then writes nothing.
#[tokio::test]
async fn a_tick_that_wakes_after_its_lease_ran_out_writes_nothing() {
    let world = World::start().await;
    // Two processes, so that the second tick does not have to wait for one.
    let (one, other) = tokio::join!(world.tick(), world.tick());
    assert!(one.is_ok() && other.is_ok());
    let mut rentals = Vec::new();
    for mode in ["stall", "late"] {
        let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
        let total = stop(&world, &rental_id).await;
        let slow = json!({ "endpoint": CLEAR, "mode": mode, "delay_ms": 2_500, "times": 1,
                           "order_id": rental_id });
        world.stub.fault(slow).await.unwrap();
        rentals.push((rental_id, total));
    }
    next_slot(&world).await;
    let (first, second) = tokio::join!(world.tick(), async {
        while world.stub.calls(CLEAR).await.unwrap().len() < rentals.len() {
            tokio::task::yield_now().await;
        }
        // It looks for another batch meanwhile, and is to find none.
        let busy = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()";
        while number(&world.databases.billing, busy.to_owned()).await > 0 {
            tokio::task::yield_now().await;
        }
        next_tick(&world).await
    });
    let first = first.unwrap();
    let due: i64 = rentals.iter().map(|(_, total)| total).sum();
    assert_eq!(
        (int(&second, "charges"), int(&second, "charged_amount")),
        (2, due)
    );
    assert_eq!(
        (int(&first, "rentals"), int(&first, "charges")),
        (2, 0),
        "{first}"
    );
    assert_eq!(int(&first, "unknown"), 0, "{first}");
    for (rental_id, _) in &rentals {
        let calls = clears(&world, rental_id).await;
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[0]["idempotency_key"], calls[1]["idempotency_key"]);
    }
    world.settle_and_check().await.unwrap();
    for (rental_id, total) in &rentals {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((books.paid, books.taken, books.held), (*total, *total, 0));
        let moved = movements(&world, rental_id).await;
        assert_eq!(moved, ["hold", "clear", "release"]);
        assert_eq!(attempts(&world, rental_id).await.len(), 1);
    }
}

#[tokio::test]
async fn within_the_lease_a_second_tick_leaves_the_call_to_the_first() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
    next_slot(&world).await;
    world.advance(20).await.unwrap();
    let slow = json!({ "endpoint": CLEAR, "mode": "late", "delay_ms": 1_000, "times": 1 });
    world.stub.fault(slow).await.unwrap();
    let (first, second) = tokio::join!(world.tick(), async {
        while clears(&world, &rental_id).await.is_empty() {
            tokio::task::yield_now().await;
        }
        // The next slot, and the lease stands for some seconds more.
        world.advance(12).await.unwrap();
        world.tick().await.unwrap()
    });
    assert_eq!(
        (int(&first.unwrap(), "charges"), int(&second, "rentals")),
        (1, 0)
    );
    assert_eq!(clears(&world, &rental_id).await.len(), 1);
    let total = stop(&world, &rental_id).await;
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().taken, total);
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_charge_is_billed_to_its_total() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    next_slot(&world).await;
    let slow = json!({ "endpoint": CLEAR, "mode": "late", "delay_ms": 800, "times": 1 });
    world.stub.fault(slow).await.unwrap();
    let (tick, total) = tokio::join!(world.tick(), async {
        while clears(&world, &rental_id).await.is_empty() {
            tokio::task::yield_now().await;
        }
        stop(&world, &rental_id).await
    });
    let charged = int(&tick.unwrap(), "charged_amount");
    assert!(
        charged < total,
        "the stop was not overtaken: {charged} of {total}"
    );
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!(
        (books.paid, books.taken, books.refunded, books.held),
        (total, total, 0, 0)
    );
}

#[tokio::test]
async fn five_reconciles_at_once_do_everything_once() {
    let world = World::start().await;
    let stock = async || {
        let data = world
            .stub
            .get(&format!("/station-data?id={PLAIN}"))
            .await
            .unwrap();
        int(&data, "available_powerbanks")
    };
    let before = stock().await;
    let mut rentals = Vec::new();
    for user in ["user-a", "user-b", "user-c"] {
        rentals.push(rented_for(&world, user, PLAIN, 600).await);
    }
    world.billing_proxy.cut();
    for rental_id in &rentals {
        stop(&world, rental_id).await;
    }
    world.billing_proxy.open();
    for _ in 0..2 {
        let reports = join_all((0..5).map(|_| world.reconcile())).await;
        assert!(reports.iter().all(Result::is_ok), "{reports:?}");
        next_tick(&world).await;
    }
    join_all((0..5).map(|_| world.reconcile())).await;
    assert!(world.lambda.most_at_once("reconcile") >= 2);
    assert_eq!(stock().await, before, "each power bank came back once");
    world.settle_and_check().await.unwrap();
    for rental_id in &rentals {
        let books = world.books(rental_id).await.unwrap();
        assert_eq!((Some(books.taken), books.held), (books.total_amount, 0));
        let moved = movements(&world, rental_id).await;
        assert_eq!(moved, ["hold", "clear", "release"]);
    }
}
