//! Either database goes away and comes back: what is answered meanwhile, and that nothing is lost.

use crate::billed::{
    CLEAR, DEMO, PLAIN, RICH, attempts, int, movements, next_slot, rented_for, text,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{Blow, Proxy, Response, World, fresh_key};

/// What an HTTP function takes at most.
const LONGEST: Duration = Duration::from_secs(20);
/// The health takes 2 s at most; the third is for a busy machine.
const LONGEST_HEALTH: Duration = Duration::from_secs(3);

/// How a database goes away: its connections are cut, or nothing passes any more.
type Away = fn(&Proxy);

/// One answer of each endpoint.
struct Answers {
    quote: Response,
    start: Response,
    stop: Response,
    status: Response,
    health: Response,
}

/// What the endpoints are asked about.
struct Subjects {
    quote_id: String,
    start_key: String,
    running: String,
    stop_key: String,
}

async fn subjects(world: &World) -> Subjects {
    let running = rented_for(world, RICH, DEMO, 100).await;
    assert_eq!(world.get("/api/v1/health").await.unwrap().status, 200);
    next_slot(world).await;
    Subjects {
        quote_id: world.quoted("user-anna", PLAIN).await,
        start_key: fresh_key(),
        running,
        stop_key: fresh_key(),
    }
}

async fn timed(
    asked: impl Future<Output = anyhow::Result<Response>>,
    longest: Duration,
) -> Response {
    let before = Instant::now();
    let answer = asked.await.unwrap();
    let took = before.elapsed();
    assert!(took < longest, "{took:?} until {answer:?}");
    answer
}

async fn ask_all(world: &World, about: &Subjects) -> Answers {
    let (quote, start, stop, status, health) = tokio::join!(
        timed(world.quote("user-boris", PLAIN), LONGEST),
        timed(
            world.start_rental(&about.quote_id, &about.start_key),
            LONGEST
        ),
        timed(world.stop(&about.running, PLAIN, &about.stop_key), LONGEST),
        timed(world.status(&about.running), LONGEST),
        timed(world.get("/api/v1/health"), LONGEST_HEALTH),
    );
    Answers {
        quote,
        start,
        stop,
        status,
        health,
    }
}

/// A client asks again while it is told to. A process trusts a connection that it used a moment
/// ago, so that its first answers after an outage can be 503 still.
async fn patiently<F>(ask: impl Fn() -> F) -> Response
where
    F: Future<Output = anyhow::Result<Response>>,
{
    for _ in 0..5 {
        let answer = ask().await.unwrap();
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("it is 503 for good")
}

/// Both databases are back: everybody asks again, and the books are closed.
async fn everything_is_right(world: &World, about: &Subjects) {
    world.rental_proxy.open();
    world.billing_proxy.open();
    let start = patiently(|| world.start_rental(&about.quote_id, &about.start_key)).await;
    assert_eq!(start.status, 200, "{}", start.body);
    let stop = patiently(|| world.stop(&about.running, PLAIN, &about.stop_key)).await;
    assert_eq!(stop.status, 200, "{}", stop.body);
    world.settle_and_check().await.unwrap();
    let books = world.books(&about.running).await.unwrap();
    // Billing may have been told of the end late: what it took beyond it is owed back.
    let total = int(&stop.json(), "total_amount");
    assert_eq!(
        (books.taken, books.held),
        (total.saturating_add(books.refunded), 0)
    );
    let started = start.json();
    let books = world.books(text(&started, "rental_id")).await.unwrap();
    assert_eq!(
        (books.status.as_str(), books.holds, books.taken),
        ("ACTIVE", 1, 0)
    );
    assert_eq!(world.stub.ejects().await.unwrap().len(), 2);
}

fn assert_unavailable(answer: &Response) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert!(answer.error().contains("unavailable"), "{}", answer.body);
}

fn services_are(health: &Response, status: u16, word: &str) {
    assert_eq!(health.status, status, "{}", health.body);
    let body = health.json();
    assert_eq!(
        (text(&body, "status"), text(&body, "database")),
        (word, "disconnected")
    );
    let available = json!({ "stations": "available", "tariffs": "available",
                            "users": "available", "payments": "available" });
    assert_eq!(body["external_services"], available);
}

#[tokio::test]
async fn without_db_rental_nobody_is_served_and_billing_goes_on() {
    tokio::join!(
        without_db_rental(Proxy::cut),
        without_db_rental(Proxy::freeze)
    );
}

async fn without_db_rental(go_away: Away) {
    let world = World::start().await;
    let about = subjects(&world).await;
    go_away(&world.rental_proxy);
    let (answers, tick, reconcile) =
        tokio::join!(ask_all(&world, &about), world.tick(), world.reconcile());
    for answer in [
        &answers.quote,
        &answers.start,
        &answers.stop,
        &answers.status,
    ] {
        assert_unavailable(answer);
    }
    services_are(&answers.health, 503, "unhealthy");
    assert_eq!(int(&tick.unwrap(), "charges"), 1);
    reconcile.unwrap_err();
    world.check_laws().await.unwrap();
    everything_is_right(&world, &about).await;
}

#[tokio::test]
async fn without_db_billing_everybody_is_served_and_the_debt_is_unknown() {
    tokio::join!(
        without_db_billing(Proxy::cut),
        without_db_billing(Proxy::freeze)
    );
}

async fn without_db_billing(go_away: Away) {
    let world = World::start().await;
    let about = subjects(&world).await;
    go_away(&world.billing_proxy);
    let answers = ask_all(&world, &about).await;
    for answer in [
        &answers.quote,
        &answers.start,
        &answers.stop,
        &answers.status,
    ] {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(answers.status.json()["current_debt"], Value::Null);
    services_are(&answers.health, 200, "degraded");
    let (tick, reconcile) = tokio::join!(world.tick(), world.reconcile());
    let why = format!("{:#}", tick.unwrap_err());
    assert!(why.contains("the database is away"), "{why}");
    let report = reconcile.unwrap();
    assert!(
        report["failures"].to_string().contains("copies:"),
        "{report}"
    );
    assert_eq!(int(&report, "powerbanks_returned"), 1, "{report}");
    world.check_laws().await.unwrap();
    everything_is_right(&world, &about).await;
}

/// Waits until a call has come to an endpoint that answers late.
async fn called(world: &World, endpoint: &str) {
    while world.stub.calls(endpoint).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn answer_late(world: &World, endpoint: &str) {
    let late = json!({ "endpoint": endpoint, "mode": "late", "delay_ms": 1_200, "times": 1 });
    world.stub.fault(late).await.unwrap();
}

#[tokio::test]
async fn billing_that_goes_away_while_the_provider_is_asked_takes_the_money_once() {
    tokio::join!(
        billing_goes_away_while_the_provider_is_asked(Proxy::cut),
        billing_goes_away_while_the_provider_is_asked(Proxy::freeze)
    );
}

async fn billing_goes_away_while_the_provider_is_asked(go_away: Away) {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, PLAIN, 44 * 60 + 20).await;
    next_slot(&world).await;
    answer_late(&world, CLEAR).await;
    let (tick, ()) = tokio::join!(world.tick(), async {
        called(&world, CLEAR).await;
        go_away(&world.billing_proxy);
    });
    assert_eq!(
        tick.unwrap()["nothing_left"],
        json!(false),
        "it could not be written down"
    );
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.paid, books.open), (0, books.taken));
    assert!(books.taken > 0);
    world.check_laws().await.unwrap();

    world.billing_proxy.open();
    let stop = world
        .stop(&rental_id, PLAIN, &fresh_key())
        .await
        .unwrap()
        .json();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (int(&stop, "total_amount"), 0));
    let takes = movements(&world, &rental_id)
        .await
        .iter()
        .filter(|kind| *kind == "clear")
        .count();
    assert_eq!(takes, attempts(&world, &rental_id).await.len());
}

#[tokio::test]
async fn db_rental_that_goes_away_while_a_deposit_is_held_holds_it_once() {
    let world = World::start().await;
    let about = subjects(&world).await;
    let hold = "hold-money-for-order";
    let before = world.stub.calls(hold).await.unwrap().len();
    answer_late(&world, hold).await;
    let (start, ()) = tokio::join!(
        world.start_rental(&about.quote_id, &about.start_key),
        async {
            while world.stub.calls(hold).await.unwrap().len() == before {
                tokio::task::yield_now().await;
            }
            world.rental_proxy.cut();
        }
    );
    assert_unavailable(&start.unwrap());
    assert_eq!(
        world.stub.ejects().await.unwrap().len(),
        1,
        "only the other one's"
    );
    world.rental_proxy.open();
    // Whoever worked on it may still do so, as far as anybody knows.
    let start = patiently(|| world.start_rental(&about.quote_id, &about.start_key)).await;
    assert_eq!(start.status, 409, "{}", start.body);
    world.advance(26).await.unwrap();
    everything_is_right(&world, &about).await;
}

#[tokio::test]
async fn db_rental_that_goes_away_during_a_stop_ends_the_rental_once() {
    let world = World::start().await;
    let about = subjects(&world).await;
    let asked = world.stub.calls("station-data").await.unwrap().len();
    answer_late(&world, "station-data").await;
    let (stop, ()) = tokio::join!(world.stop(&about.running, PLAIN, &about.stop_key), async {
        while world.stub.calls("station-data").await.unwrap().len() == asked {
            tokio::task::yield_now().await;
        }
        world.rental_proxy.cut();
    });
    assert_unavailable(&stop.unwrap());
    everything_is_right(&world, &about).await;
    let shown = world.show(&about.running).await.unwrap();
    assert_eq!(shown["transitions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn db_rental_that_goes_away_while_a_hold_is_released_releases_it_once() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 100).await;
    let stop = world
        .stop(&rental_id, PLAIN, &fresh_key())
        .await
        .unwrap()
        .json();
    next_slot(&world).await;
    world.tick().await.unwrap();
    let release = "release-money-for-order";
    answer_late(&world, release).await;
    let (report, ()) = tokio::join!(world.reconcile(), async {
        called(&world, release).await;
        world.rental_proxy.cut();
    });
    assert_eq!(int(&report.unwrap(), "holds_released"), 0);
    let shown = "SELECT hold_status FROM rentals";
    let shown: String = sqlx::query_scalar(shown)
        .fetch_one(&world.databases.rental)
        .await
        .unwrap();
    assert_eq!(shown, "RELEASING");
    world.rental_proxy.open();
    world.settle_and_check().await.unwrap();
    let books = world.books(&rental_id).await.unwrap();
    assert_eq!((books.taken, books.held), (int(&stop, "total_amount"), 0));
    assert_eq!(
        movements(&world, &rental_id).await,
        ["hold", "clear", "release"]
    );
}

#[tokio::test]
async fn a_database_that_restarts_between_two_requests_is_not_noticed() {
    let world = World::start().await;
    let running = rented_for(&world, RICH, DEMO, 100).await;
    world.status(&running).await.unwrap();
    let quote_id = world.quoted("user-anna", PLAIN).await;
    for proxy in [&world.rental_proxy, &world.billing_proxy] {
        proxy.cut();
        proxy.open();
    }
    let start = world.start_rental(&quote_id, &fresh_key()).await.unwrap();
    assert_eq!(start.status, 200, "{}", start.body);
    let status = world.status(&running).await.unwrap();
    assert_eq!(status.status, 200, "{}", status.body);
    assert!(status.json()["current_debt"].is_i64(), "{}", status.body);
    let stop = world.stop(&running, PLAIN, &fresh_key()).await.unwrap();
    assert_eq!(stop.status, 200, "{}", stop.body);
    world.quoted("user-boris", PLAIN).await;
}

/// Every write of a start among them: what is written is committed, whether or not that is heard.
#[tokio::test]
async fn a_start_that_does_not_hear_one_of_its_answers_is_found_done_by_the_retry() {
    let world = World::start().await;
    let stock = json!({ "available_powerbanks": 100 });
    let station = format!("/admin/stations/{PLAIN}");
    world.stub.put(&station, stock).await.unwrap();
    let mut unheard = 0;
    for nth in 1.. {
        let (quote_id, key) = (world.quoted("user-anna", PLAIN).await, fresh_key());
        world.rental_proxy.strike_at(nth, Blow::LoseAnswer);
        let answer = world.start_rental(&quote_id, &key).await.unwrap();
        if !world.rental_proxy.has_struck() {
            break;
        }
        unheard = nth;
        // 409: it began, and finds its own key. The last one only notes that billing was told.
        assert!([200, 409, 503].contains(&answer.status), "{}", answer.body);
        world.advance(26).await.unwrap();
        let retry = world.start_rental(&quote_id, &key).await.unwrap();
        assert_eq!(retry.status, 200, "{}", retry.body);
        let ejects = world.stub.ejects().await.unwrap().len();
        assert_eq!(u64::try_from(ejects).unwrap(), nth);
    }
    assert!(unheard >= 8, "a start says more than {unheard} things");
    world.settle_and_check().await.unwrap();
}
