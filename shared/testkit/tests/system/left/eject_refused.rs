//! `resolve-eject` where it is not a person's to say, or cannot be so.

use super::{eject_resolved, refused, resolve_eject, resolve_hold, unknown_start};
use crate::billed::{PLAIN, RICH, sql, uuid};
use crate::checks::shifted;
use crate::probe::{assert_unavailable, fault_once, rental_of};
use serde_json::{Value, json};
use testkit::{World, fresh_key};

fn outcomes() -> [Value; 2] {
    [
        json!({ "ejected": { "powerbank_id": "pb-001" } }),
        json!("not-ejected"),
    ]
}

#[tokio::test]
async fn a_start_that_reconcile_still_asks_about_is_not_a_persons_to_decide() {
    let world = World::start().await;
    let quote_id = world.quoted(RICH, PLAIN).await;
    fault_once(&world, "eject-powerbank", "lose").await;
    assert_unavailable(&world.start_rental(&quote_id, &fresh_key()).await.unwrap());
    let rental_id = rental_of(&world, &quote_id).await.rental_id;
    for (seconds, why) in [
        (0, "right now"),
        (26, "reconcile"),
        (22 * 3_600, "reconcile"),
    ] {
        world.advance(seconds).await.unwrap();
        for outcome in outcomes() {
            let command = eject_resolved(&rental_id, outcome);
            let error = refused(&world, &rental_id, command).await;
            assert!(error.contains(why) && error.contains(&rental_id), "{error}");
        }
    }
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().status, "ACTIVE");
}

#[tokio::test]
async fn a_start_that_never_came_to_its_eject_is_rolled_back_by_reconcile_not_by_a_person() {
    let world = World::start().await;
    let body = json!({ "quote_id": world.quoted(RICH, PLAIN).await });
    let start = "/api/v1/rentals/start";
    world
        .post_and_abort_at("start.hold-called", start, &fresh_key(), &body)
        .await
        .unwrap();
    let rental_id = crate::checks::only_rental(&world).await;
    world.advance(48 * 3_600).await.unwrap();
    for outcome in outcomes() {
        let error = refused(&world, &rental_id, eject_resolved(&rental_id, outcome)).await;
        assert!(error.contains("rolled back"), "{error}");
    }
    world.reconcile().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().status, "FAILED");
    // Nobody came by for so long that the hold is a person's to decide.
    resolve_hold(&world, &rental_id, "held").await.unwrap();
    world.settle_and_check().await.unwrap();
    assert_eq!(world.books(&rental_id).await.unwrap().held, 0);
}

#[tokio::test]
async fn a_start_that_is_decided_stays_as_it_is() {
    let world = World::start().await;
    let active = world.rent(RICH, PLAIN).await.rental_id;
    let failed = unknown_start(&world, "user-anna", "fail").await.rental_id;
    resolve_eject(&world, &failed, json!("not-ejected"))
        .await
        .unwrap();
    for (rental_id, status) in [(&active, "ACTIVE"), (&failed, "FAILED")] {
        for outcome in outcomes() {
            let error = refused(&world, rental_id, eject_resolved(rental_id, outcome)).await;
            assert!(
                error.contains(status) && error.contains("decided"),
                "{error}"
            );
        }
    }
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn a_start_that_somebody_works_on_right_now_is_left_to_them() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let lease = |lease: &str| {
        format!(
            "UPDATE rentals SET lease_token = gen_random_uuid(), lease_until = {lease}
             WHERE rental_id = '{}'",
            uuid(&start.rental_id)
        )
    };
    let taken = lease("app_now() + interval '20 seconds'");
    sql(&world.databases.rental, taken).await;
    for outcome in outcomes() {
        let command = eject_resolved(&start.rental_id, outcome);
        let error = refused(&world, &start.rental_id, command).await;
        assert!(error.contains("right now"), "{error}");
    }
    sql(&world.databases.rental, lease("app_now()")).await;
    let [ejected, _] = outcomes();
    resolve_eject(&world, &start.rental_id, ejected)
        .await
        .unwrap();
    world.check_laws().await.unwrap();
}

#[tokio::test]
async fn nobody_is_billed_for_a_time_before_the_start_was_begun_or_after_now() {
    let world = World::start().await;
    let start = unknown_start(&world, RICH, "lose").await;
    let shown = world.show(&start.rental_id).await.unwrap();
    let created_at = shown["rental"]["created_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let at = |seconds| json!(shifted(created_at, seconds));
    let cases = [
        (at(-1), json!(null), "started_at"),
        (at(30 * 3_600), json!(null), "started_at"),
        (at(60), at(59), "finished_at"),
        (at(60), at(30 * 3_600), "finished_at"),
        (json!(null), at(60), "finished_at"),
    ];
    for (started_at, finished_at, named) in cases {
        let ejected = json!({ "ejected": { "powerbank_id": "pb-001", "started_at": started_at,
                                           "finished_at": finished_at } });
        let command = eject_resolved(&start.rental_id, ejected);
        let error = refused(&world, &start.rental_id, command).await;
        assert!(
            error.contains(named) && error.contains("between"),
            "{error}"
        );
    }
    let misspelt = json!({ "ejected": { "powerbank_id": "pb-001", "start_at": at(60) } });
    let error = refused(
        &world,
        &start.rental_id,
        eject_resolved(&start.rental_id, misspelt),
    )
    .await;
    assert!(error.contains("start_at"), "{error}");
    world.check_laws().await.unwrap();
}
