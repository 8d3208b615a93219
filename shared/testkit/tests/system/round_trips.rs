//! What an endpoint costs a warm process: its round trips to the databases.

use std::time::{Duration, Instant};
use testkit::{Builder, World, fresh_key};

/// Round trips to db-rental and db-billing.
#[derive(Debug, PartialEq, Eq)]
struct RoundTrips {
    rental: u64,
    billing: u64,
}

/// One process a function; all connections are made and all statements prepared.
async fn warm_world() -> World {
    let world = Builder::default().most_processes(1).start().await.unwrap();
    let rented = world.rent("user-123", "station-456").await;
    status(&world, &rented.rental_id).await;
    stop(&world, &rented.rental_id).await;
    world
}

async fn status(world: &World, rental_id: &str) {
    let path = format!("/api/v1/rentals/{rental_id}");
    assert_eq!(world.get(&path).await.unwrap().status, 200);
}

async fn stop(world: &World, rental_id: &str) {
    let stopped = world.stop(rental_id, "station-456", &fresh_key()).await;
    assert_eq!(stopped.unwrap().status, 200);
}

async fn round_trips(world: &World, work: impl Future<Output = ()>) -> RoundTrips {
    let before = passed(world);
    work.await;
    let after = passed(world);
    RoundTrips {
        rental: after.rental.saturating_sub(before.rental),
        billing: after.billing.saturating_sub(before.billing),
    }
}

fn passed(world: &World) -> RoundTrips {
    RoundTrips {
        rental: world.rental_proxy.passed(),
        billing: world.billing_proxy.passed(),
    }
}

#[tokio::test]
async fn a_quote_is_one_round_trip() {
    let world = warm_world().await;
    let quote = async {
        world.quoted("user-123", "station-456").await;
    };
    let once = RoundTrips {
        rental: 1,
        billing: 0,
    };
    assert_eq!(round_trips(&world, quote).await, once);
}

/// Read; begin; the eject's intent; BEGIN, lock, write, COMMIT. Then the copy and its mark, for
/// which the client does not wait.
#[tokio::test]
async fn a_start_is_seven_round_trips_and_two_after_its_answer() {
    let world = warm_world().await;
    let quote_id = world.quoted("user-123", "station-456").await;
    let start = async {
        let started = world.start_rental(&quote_id, &fresh_key()).await;
        assert_eq!(started.unwrap().status, 200);
    };
    let trips = RoundTrips {
        rental: 7 + 1,
        billing: 1,
    };
    assert_eq!(round_trips(&world, start).await, trips);
}

#[tokio::test]
async fn a_status_is_one_round_trip_to_each_database() {
    let world = warm_world().await;
    let rented = world.rent("user-123", "station-456").await;
    let trips = RoundTrips {
        rental: 1,
        billing: 1,
    };
    let status = status(&world, &rented.rental_id);
    assert_eq!(round_trips(&world, status).await, trips);
}

/// Read; end. Then the copy, which may close the books in the same transaction, and its mark, for
/// which the client does not wait.
#[tokio::test]
async fn a_stop_is_two_round_trips_and_the_rest_after_its_answer() {
    let world = warm_world().await;
    let rented = world.rent("user-123", "station-456").await;
    let trips = RoundTrips {
        rental: 2 + 1,
        billing: 5,
    };
    let stop = stop(&world, &rented.rental_id);
    assert_eq!(round_trips(&world, stop).await, trips);
}

#[tokio::test]
async fn a_stop_that_is_asked_for_again_is_one_round_trip() {
    let world = warm_world().await;
    let rented = world.rent("user-123", "station-456").await;
    let key = fresh_key();
    let first = world.stop(&rented.rental_id, "station-456", &key).await;
    let again = async {
        let again = world.stop(&rented.rental_id, "station-456", &key).await;
        assert_eq!(again.unwrap().json(), first.unwrap().json());
    };
    let once = RoundTrips {
        rental: 1,
        billing: 0,
    };
    assert_eq!(round_trips(&world, again).await, once);
}

/// How long a function went on after it had answered.
async fn goes_on_after_its_answer(
    world: &World,
    function: &str,
    request: impl Future<Output = ()>,
) -> Duration {
    let since = Instant::now();
    request.await;
    let answered = world.lambda.took(function)[0];
    since.elapsed().saturating_sub(answered)
}

/// It waits for billing for a quarter of a second.
#[tokio::test]
async fn a_client_is_answered_before_billing_is_told() {
    let world = warm_world().await;
    let running = world.rent("user-123", "station-456").await;
    let quote_id = world.quoted("user-123", "station-456").await;
    world.billing_proxy.freeze();
    let start = async {
        let started = world.start_rental(&quote_id, &fresh_key()).await;
        assert_eq!(started.unwrap().status, 200);
    };
    let waited = goes_on_after_its_answer(&world, "start", start).await;
    assert!(waited >= Duration::from_millis(250), "{waited:?}");
    let stop = stop(&world, &running.rental_id);
    let waited = goes_on_after_its_answer(&world, "stop", stop).await;
    assert!(waited >= Duration::from_millis(250), "{waited:?}");
    world.billing_proxy.open();
    world.settle_and_check().await.unwrap();
}
