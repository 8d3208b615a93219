//! What a story leaves behind is in order, and every law that it touches was checked.

use super::{closed, in_billing, running};
use crate::billed::{CLEAR, DEMO, RICH, attempts, next_tick, rented_for, stop, uuid};
use audit::{Auditor, Law, Rules, When};
use serde_json::json;
use testkit::World;

/// A charge is declined, its debt collected in steps; the end is settled and the hold released.
#[tokio::test]
async fn a_story_of_a_debt_is_clean_and_shows_every_law_that_rows_can_show() {
    let world = World::start().await;
    let rental_id = rented_for(&world, RICH, DEMO, 200).await;
    let declined = json!({ "endpoint": CLEAR, "mode": "fail", "status": 400, "times": 2 });
    world.stub.fault(declined).await.unwrap();
    next_tick(&world).await;
    for _ in 0..3 {
        world.advance(120).await.unwrap();
        next_tick(&world).await;
        world.check_laws().await.unwrap();
    }
    stop(&world, &rental_id).await;
    while world.books(&rental_id).await.unwrap().debt > 0 {
        world.advance(61).await.unwrap();
        next_tick(&world).await;
    }
    world.settle_and_check().await.unwrap();
    assert!(attempts(&world, &rental_id).await.len() > 4);

    let report = world.audit(When::AtRest).await.unwrap();
    assert!(report.is_clean(), "{report}");
    for law in Law::ALL {
        // Nothing was set aside.
        let expected = u64::from(law != Law::SetAside);
        assert_eq!(report.checked(law), expected, "{law}\n{report}");
    }
    assert_eq!(report.rentals(), 1);
}

#[tokio::test]
async fn what_had_nothing_to_show_is_not_counted() {
    let world = World::start().await;
    let empty = world.audit(When::AnyMoment).await.unwrap();
    assert!(empty.checked_nothing() && empty.rentals() == 0, "{empty}");
    assert!(world.check_laws().await.is_err(), "nothing is no success");

    rented_for(&world, RICH, DEMO, 0).await;
    let report = world.audit(When::AnyMoment).await.unwrap();
    let checked = Law::ALL.into_iter().filter(|law| report.checked(*law) > 0);
    let checked: Vec<u8> = checked.map(Law::number).collect();
    assert_eq!(checked, [6, 7, 8, 9, 11, 13, 14], "{report}");
}

#[tokio::test]
async fn without_a_ledger_the_laws_that_need_one_are_not_counted_and_the_report_says_so() {
    let world = World::start().await;
    closed(&world).await;
    let databases = &world.databases;
    let auditor = Auditor::new(
        (&databases.rental).into(),
        (&databases.billing).into(),
        None,
    );
    let report = auditor.run(When::AtRest, Rules::default()).await.unwrap();
    assert!(report.is_clean() && !report.checked_nothing(), "{report}");
    assert_eq!(
        (report.checked(Law::Taken), report.checked(Law::Due)),
        (0, 1)
    );
    assert!(report.to_string().contains("not checked: no ledger"));
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_ends_the_audit() {
    let world = World::start().await;
    running(&world).await;
    let client = runtime::http_client().unwrap();
    let nowhere = audit::Ledger::new(client, "http://127.0.0.1:1");
    let databases = &world.databases;
    let auditor = Auditor::new(
        (&databases.rental).into(),
        (&databases.billing).into(),
        Some(nowhere),
    );
    let error = auditor.run(When::AnyMoment, Rules::default()).await;
    assert!(error.unwrap_err().to_string().contains("ledger"));
}

/// PostgreSQL knows a moment that no clock shows.
#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_the_others_are_judged() {
    let world = World::start().await;
    let bad = running(&world).await;
    rented_for(&world, "user-a", DEMO, 0).await;
    let never = format!(
        "UPDATE rentals SET next_bill_at = 'infinity' WHERE rental_id = '{}'",
        uuid(&bad)
    );
    in_billing(&world, never).await;
    let report = world.audit(When::AnyMoment).await.unwrap();
    assert_eq!((report.rentals(), report.checked(Law::Quotes)), (2, 1));
    assert!(
        !report.is_clean() && report.violations.is_empty(),
        "{report}"
    );
    assert_eq!(report.unreadable[0].rental_id, bad);
}
