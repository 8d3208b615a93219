//! An audit beside flows that go on.

use super::{closed, in_rental};
use crate::billed::{DEMO, stop};
use audit::{Law, Rules, When};
use futures::future::{join, join_all};
use std::cell::Cell;
use testkit::World;

#[tokio::test]
async fn an_audit_beside_flows_that_move_reports_nothing_that_is_not_so() {
    let world = World::start().await;
    let life = async |number: u32| {
        let rental_id = world.rent(&format!("user-{number}"), DEMO).await.rental_id;
        world.tick().await.unwrap();
        stop(&world, &rental_id).await;
        world.reconcile().await.unwrap();
    };
    let are_over = Cell::new(false);
    let lives = async {
        join_all((0..12).map(life)).await;
        are_over.set(true);
    };
    let audits = async {
        let auditor = world.auditor().of_a_moving_system();
        let mut checked = 0;
        while !are_over.get() {
            let report = auditor.run(When::AnyMoment, Rules::default()).await;
            let report = report.unwrap();
            assert!(report.is_clean(), "{report}");
            checked += report.checked(Law::Quotes);
        }
        checked
    };
    let ((), checked) = join(lives, audits).await;
    assert!(checked > 0, "every audit came before the rentals");
    world.settle_and_check().await.unwrap();
}

#[tokio::test]
async fn what_stands_is_reported_beside_flows_too_and_only_once() {
    let world = World::start().await;
    closed(&world).await;
    let forget = "UPDATE idempotency_keys SET response = '{}' WHERE endpoint = 'start'";
    in_rental(&world, forget).await;
    let auditor = world.auditor().of_a_moving_system();
    let report = auditor
        .run(When::AnyMoment, Rules::default())
        .await
        .unwrap();
    let laws: Vec<Law> = report.violations.iter().map(|found| found.law).collect();
    assert_eq!(laws, [Law::Answers], "{report}");
    assert_eq!((report.rentals(), report.checked(Law::Answers)), (1, 1));
    assert!(report.moving.is_empty(), "{report}");
}
