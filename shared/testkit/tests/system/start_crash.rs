//! A start whose process dies, at each of its steps and on each of its ways.
//!
//! One world for all steps of one way: they are crashed one after the other, each with a quote of
//! its own, and then time moves on for all of them.

mod way;

use crate::probe::{
    Begun, assert_error, assert_in_flight, deposit, ejects, rental_count, rental_of, rentals_of,
};
use runtime::step::Step;
use start::StartStep;
use testkit::World;
use way::{Left, Start, Way, left};

/// The client comes again with the same key, at once and after the lease.
async fn dies_and_is_retried(way: Way) {
    let world = World::start().await;
    let starts = Start::one_for_each_step(&world, way).await;
    for start in &starts {
        start.die_at(&world, start.step).await;
        if start.is_half_done() {
            assert_in_flight(&start.retry(&world).await);
        }
    }
    world.advance(26).await.unwrap();
    let mut answers = Vec::new();
    for start in &starts {
        let retried = start.retry(&world).await;
        let step = start.step.name();
        assert_eq!(retried.status, way.answer(), "{step}: {}", retried.body);
        answers.push(retried);
    }
    world.settle_and_check().await.unwrap();

    let mut active = Vec::new();
    for (start, answer) in starts.iter().zip(answers) {
        assert_eq!(start.retry(&world).await, answer, "the same bytes for ever");
        let rental = rental_of(&world, &start.quote_id).await;
        assert_eq!(rental.status, way.end(), "{}", start.step.name());
        let holds = deposit(&world, &rental.rental_id).await.0;
        assert_eq!(holds, way.holds(), "{}", start.step.name());
        start.check_money(&world, way, &rental).await;
        active.extend(Some(rental).filter(Begun::is_active));
    }
    assert_eq!(ejects(&world).await, active.len());
}

/// Nobody comes again: only reconcile and the tick run.
async fn dies_and_is_left_to_reconcile(way: Way) {
    let world = World::start().await;
    let starts = Start::one_for_each_step(&world, way).await;
    for start in &starts {
        start.die_at(&world, start.step).await;
    }
    world.settle_and_check().await.unwrap();

    let mut active = Vec::new();
    for start in &starts {
        let step = start.step.name();
        let rentals = rentals_of(&world, &start.quote_id).await;
        let expected = match left(start.step) {
            Left::Nothing => vec![],
            Left::Intent => vec!["FAILED"],
            Left::Eject | Left::Decision => vec![way.end()],
        };
        let states: Vec<_> = rentals
            .iter()
            .map(|rental| rental.status.as_str())
            .collect();
        assert_eq!(states, expected, "{step} on the way {way:?}");
        for rental in &rentals {
            start.check_money(&world, way, rental).await;
        }
        active.extend(rentals.into_iter().filter(Begun::is_active));
    }
    assert_eq!(ejects(&world).await, active.len());

    let rentals = rental_count(&world).await;
    for start in &starts {
        let late = start.retry(&world).await;
        if start.may_have_ejected() {
            assert_eq!(
                late.status,
                way.answer(),
                "{}: {}",
                start.step.name(),
                late.body
            );
        } else {
            assert_error(&late, 400, "Quote expired");
        }
    }
    assert_eq!(ejects(&world).await, active.len());
    assert_eq!(
        rental_count(&world).await,
        rentals,
        "a late retry starts nothing"
    );
}

#[tokio::test]
async fn a_start_that_dies_is_finished_by_the_clients_retry() {
    dies_and_is_retried(Way::Held).await;
}

#[tokio::test]
async fn a_start_that_dies_and_is_not_retried_is_undone_before_the_eject_and_finished_after_it() {
    dies_and_is_left_to_reconcile(Way::Held).await;
}

#[tokio::test]
async fn a_start_without_a_held_deposit_that_dies_is_finished_by_the_clients_retry() {
    dies_and_is_retried(Way::Waived).await;
}

#[tokio::test]
async fn a_start_without_a_held_deposit_that_dies_and_is_not_retried_is_undone_or_finished() {
    dies_and_is_left_to_reconcile(Way::Waived).await;
}

#[tokio::test]
async fn a_start_with_a_deposit_of_zero_that_dies_is_finished_by_the_clients_retry() {
    dies_and_is_retried(Way::NoDeposit).await;
}

#[tokio::test]
async fn a_start_with_a_deposit_of_zero_that_dies_and_is_not_retried_is_undone_or_finished() {
    dies_and_is_left_to_reconcile(Way::NoDeposit).await;
}

#[tokio::test]
async fn a_start_without_a_power_bank_that_dies_is_refused_to_the_clients_retry() {
    dies_and_is_retried(Way::Refused).await;
}

#[tokio::test]
async fn a_start_without_a_power_bank_that_dies_and_is_not_retried_fails_and_holds_nothing() {
    dies_and_is_left_to_reconcile(Way::Refused).await;
}

#[tokio::test]
async fn a_start_without_money_that_dies_is_refused_to_the_clients_retry() {
    dies_and_is_retried(Way::Declined).await;
}

#[tokio::test]
async fn a_start_without_money_that_dies_and_is_not_retried_fails_and_holds_nothing() {
    dies_and_is_left_to_reconcile(Way::Declined).await;
}

#[tokio::test]
async fn a_start_that_dies_half_done_and_dies_again_after_the_eject_still_happens_once() {
    let world = World::start().await;
    let starts = Start::one_for_each_step(&world, Way::Held).await;
    let starts: Vec<_> = starts.into_iter().filter(Start::is_half_done).collect();
    for start in &starts {
        start.die_at(&world, start.step).await;
    }
    world.advance(26).await.unwrap();
    for start in &starts {
        start.die_at(&world, StartStep::EjectCalled).await;
    }
    world.advance(26).await.unwrap();
    for start in &starts {
        let retried = start.retry(&world).await;
        assert_eq!(
            retried.status,
            200,
            "{}: {}",
            start.step.name(),
            retried.body
        );
        let rental = rental_of(&world, &start.quote_id).await;
        assert_eq!(deposit(&world, &rental.rental_id).await, (1, 500));
    }
    assert_eq!(ejects(&world).await, starts.len());
    world.settle_and_check().await.unwrap();
}

#[test]
fn every_step_of_a_start_is_died_at() {
    for step in StartStep::ALL {
        let covered = Way::ALL.iter().any(|way| way.comes_by(*step));
        assert!(covered, "no way comes by {}", step.name());
    }
}
