//! How a debt rests, is asked for, and grows old.

use crate::{
    a_nanosecond_before, amount, at, cases, debt_of, id, is_new_attempt, owed, tick_at, unbilled,
};
use chrono::TimeDelta;
use domain::{Account, Amount, AttemptKind, Debt, Moment, MoneyError, Outcome, Tick, backoff};
use proptest::prelude::*;

/// When the debts of these tests arise: 60 units are due, a grace behind.
const HOUR: i64 = 3605;
const DAY: i64 = 86_400;

/// An ended rental of 60 units that owes `debt` and has paid the rest.
fn ended_owing(debt: Debt) -> Account {
    Account {
        finished_at: Some(at(3600)),
        paid: amount(60).minus(debt.amount).unwrap(),
        debt: Some(debt),
        ..unbilled()
    }
}

/// An ACTIVE rental at its first hour that owes all 60 units since then.
fn active_owing_60() -> Account {
    let charged = unbilled().plan(&tick_at(at(HOUR)), id(1)).unwrap();
    charged.settle(Outcome::Declined, at(HOUR)).unwrap()
}

fn plan(account: Account, tick: &Tick) -> Account {
    account.plan(tick, id(2)).unwrap()
}

fn step_of(units: i64, now: Moment) -> Tick {
    Tick {
        debt_charge_step: amount(units),
        ..tick_at(now)
    }
}

/// What the plan that led from `before` to `planned` asks for as a collection.
fn collected(before: Account, planned: Account) -> Option<i64> {
    let open = planned.open?;
    let is_collection = matches!(open.kind, AttemptKind::Collection { .. });
    assert!(
        is_new_attempt(before, planned) && is_collection,
        "{planned:?}"
    );
    Some(open.amount.units())
}

/// The debt after its collection was settled with `outcome` at `now`.
fn after_a_collection(account: Account, outcome: Outcome, now: Moment) -> Account {
    let planned = plan(account, &tick_at(now));
    assert!(
        collected(account, planned).is_some(),
        "nothing was collected"
    );
    planned.settle(outcome, now).unwrap()
}

// The rest between two tries.

#[test]
fn a_debt_rests_60_seconds_times_2_to_the_failures_and_an_hour_at_most() {
    let seconds = [60, 120, 240, 480, 960, 1920, 3600, 3600];
    for (failures, seconds) in (0..).zip(seconds) {
        assert_eq!(backoff(failures), TimeDelta::seconds(seconds), "{failures}");
    }
}

#[test]
fn countless_failures_rest_an_hour() {
    for failures in [31, 32, 56, 57, 62, 63, 64, 65, 1000, i32::MAX] {
        assert_eq!(backoff(failures), TimeDelta::hours(1), "{failures}");
    }
}

#[test]
fn fewer_than_no_failures_rest_a_minute() {
    assert_eq!(backoff(-1), TimeDelta::minutes(1));
    assert_eq!(backoff(i32::MIN), TimeDelta::minutes(1));
}

// How it arises and grows.

#[test]
fn a_declined_charge_becomes_a_debt() {
    assert_eq!(
        active_owing_60().debt,
        Some(Debt {
            amount: amount(60),
            opened_at: at(HOUR),
            retried_at: None,
            failures: 0,
            next_try_at: at(HOUR + 60),
        })
    );
    assert_eq!(active_owing_60().open, None);
    assert_eq!(active_owing_60().paid, Amount::ZERO);
}

#[test]
fn new_dues_join_a_debt_without_a_call() {
    let before = active_owing_60();
    let planned = plan(before, &tick_at(at(HOUR + 59)));
    assert_eq!(collected(before, planned), None);
    assert!(!is_new_attempt(before, planned));
    assert_eq!(owed(&planned), 61);
}

#[test]
fn dues_that_join_a_debt_change_neither_its_age_nor_its_rest() {
    let before = active_owing_60().debt.unwrap();
    let after = plan(active_owing_60(), &tick_at(at(HOUR + 59))).debt;
    assert_eq!(
        after,
        Some(Debt {
            amount: amount(61),
            ..before
        })
    );
}

#[test]
fn new_dues_join_a_debt_even_when_a_step_of_it_is_collected() {
    let before = active_owing_60();
    let planned = plan(before, &step_of(10, at(HOUR + 60)));
    assert_eq!(collected(before, planned), Some(10));
    assert_eq!(owed(&planned), 61);
}

#[test]
fn dues_that_join_in_the_same_tick_may_be_collected_with_the_debt() {
    let before = active_owing_60();
    let planned = plan(before, &tick_at(at(HOUR + 60)));
    assert_eq!(collected(before, planned), Some(61));
}

#[test]
fn dues_join_a_debt_that_is_left_to_a_person_too() {
    let before = active_owing_60();
    let planned = plan(before, &tick_at(at(HOUR + 30 * DAY)));
    assert_eq!(collected(before, planned), None);
    assert_eq!(owed(&planned), 5000);
}

// When it is tried, and for how much.

#[test]
fn a_debt_is_first_tried_60_seconds_after_it_arose() {
    let account = ended_owing(debt_of(60, at(HOUR)));
    let too_early = tick_at(a_nanosecond_before(at(HOUR + 60)));
    let planned = plan(account, &too_early);
    assert_eq!(planned, account);
    assert!(!is_new_attempt(account, planned));
    assert_eq!(account.next_bill_at(&too_early), Ok(Some(at(HOUR + 60))));
    let planned = plan(account, &tick_at(at(HOUR + 60)));
    assert_eq!(collected(account, planned), Some(60));
}

#[test]
fn a_collection_asks_for_one_step_and_leaves_the_rest_owed() {
    let planned = plan(
        ended_owing(debt_of(60, at(HOUR))),
        &step_of(25, at(HOUR + 60)),
    );
    let open = planned.open.unwrap();
    assert_eq!(open.kind, AttemptKind::Collection { step: amount(25) });
    assert_eq!(open.amount, amount(25));
    assert_eq!(planned.debt.unwrap().amount, amount(35));
    assert_eq!(owed(&planned), 60);
}

#[test]
fn a_debt_below_a_step_is_collected_whole() {
    for (step, expected) in [(59, 59), (60, 60), (61, 60), (i64::MAX, 60)] {
        let account = ended_owing(debt_of(60, at(HOUR)));
        let planned = plan(account, &step_of(step, at(HOUR + 60)));
        assert_eq!(collected(account, planned), Some(expected), "step {step}");
        assert_eq!(owed(&planned), 60);
    }
}

#[test]
fn a_step_of_nothing_collects_nothing() {
    let account = ended_owing(debt_of(60, at(HOUR)));
    let planned = plan(account, &step_of(0, at(HOUR + 60)));
    assert_eq!(planned, account);
    assert!(!is_new_attempt(account, planned));
}

// What an outcome changes.

#[test]
fn a_debt_collected_whole_is_gone() {
    let account = after_a_collection(
        ended_owing(debt_of(60, at(HOUR))),
        Outcome::Succeeded,
        at(HOUR + 60),
    );
    assert_eq!(account.debt, None);
    assert_eq!(account.paid, amount(60));
    assert_eq!(account.next_bill_at(&tick_at(at(HOUR + 60))), Ok(None));
}

#[test]
fn a_success_resets_the_rest_to_a_minute() {
    let tired = Debt {
        failures: 5,
        ..debt_of(60, at(HOUR))
    };
    let planned = plan(ended_owing(tired), &step_of(25, at(HOUR + 60)));
    let settled = planned.settle(Outcome::Succeeded, at(HOUR + 62));
    assert_eq!(
        settled.unwrap().debt,
        Some(Debt {
            amount: amount(35),
            opened_at: at(HOUR),
            retried_at: None,
            failures: 0,
            next_try_at: at(HOUR + 62 + 60),
        })
    );
}

#[test]
fn a_declined_collection_is_owed_again_and_rests_twice_as_long() {
    let account = after_a_collection(
        ended_owing(debt_of(60, at(HOUR))),
        Outcome::Declined,
        at(HOUR + 60),
    );
    assert_eq!(
        account.debt,
        Some(Debt {
            amount: amount(60),
            opened_at: at(HOUR),
            retried_at: None,
            failures: 1,
            next_try_at: at(HOUR + 60 + 120),
        })
    );
    assert_eq!(account.paid, Amount::ZERO);
}

#[test]
fn each_further_decline_doubles_the_rest_up_to_an_hour() {
    let mut account = ended_owing(debt_of(60, at(HOUR)));
    let mut now = at(HOUR + 60);
    for seconds in [120, 240, 480, 960, 1920, 3600, 3600] {
        account = after_a_collection(account, Outcome::Declined, now);
        let next = now + TimeDelta::seconds(seconds);
        assert_eq!(account.next_bill_at(&tick_at(now)), Ok(Some(next)));
        now = next;
    }
}

#[test]
fn the_rest_begins_when_the_decline_is_known() {
    let planned = plan(ended_owing(debt_of(60, at(HOUR))), &tick_at(at(HOUR + 60)));
    let asked_in_vain = planned.settle(Outcome::Unknown, at(HOUR + 63));
    let declined = asked_in_vain
        .unwrap()
        .settle(Outcome::Declined, at(HOUR + 600));
    let debt = declined.unwrap().debt.unwrap();
    assert_eq!(debt.failures, 1);
    assert_eq!(debt.next_try_at, at(HOUR + 600 + 120));
}

#[test]
fn an_unknown_collection_is_no_failure_and_is_still_owed() {
    let planned = plan(ended_owing(debt_of(60, at(HOUR))), &tick_at(at(HOUR + 60)));
    let unknown = planned.settle(Outcome::Unknown, at(HOUR + 63));
    assert_eq!(unknown, Ok(planned));
    assert_eq!(owed(&planned), 60);
}

#[test]
fn an_expired_collection_is_owed_again_and_is_no_failure() {
    let debt = Debt {
        failures: 3,
        ..debt_of(60, at(HOUR))
    };
    let planned = plan(ended_owing(debt), &step_of(25, at(HOUR + 60)));
    let expired = planned.settle(Outcome::Expired, at(HOUR + 2 * DAY));
    assert_eq!(expired, Ok(ended_owing(debt)));
}

#[test]
fn an_expired_collection_is_collected_anew_under_a_new_id() {
    let planned = plan(ended_owing(debt_of(60, at(HOUR))), &tick_at(at(HOUR + 60)));
    let expired = planned.settle(Outcome::Expired, at(HOUR + DAY)).unwrap();
    let again = expired.plan(&tick_at(at(HOUR + DAY)), id(3)).unwrap();
    assert_eq!(collected(expired, again), Some(60));
    assert_eq!(again.open.unwrap().attempt_id, id(3));
}

#[test]
fn a_debt_that_arises_after_one_was_settled_is_young() {
    let account = Account {
        finished_at: None,
        ..ended_owing(debt_of(60, at(HOUR)))
    };
    let settled = after_a_collection(account, Outcome::Succeeded, at(HOUR + 60));
    assert_eq!(settled.debt, None);
    let charged = plan(settled, &tick_at(at(2 * HOUR)));
    let declined = charged.settle(Outcome::Declined, at(2 * HOUR)).unwrap();
    assert_eq!(declined.debt.unwrap().opened_at, at(2 * HOUR));
    assert_eq!(declined.debt.unwrap().failures, 0);
}

// Its age.

#[test]
fn a_debt_is_tried_until_a_moment_before_its_greatest_age() {
    let account = ended_owing(debt_of(60, at(HOUR)));
    let last = tick_at(a_nanosecond_before(at(HOUR + 30 * DAY)));
    assert_eq!(collected(account, plan(account, &last)), Some(60));
    assert_eq!(account.next_bill_at(&last), Ok(Some(at(HOUR + 60))));
}

#[test]
fn a_debt_at_its_greatest_age_is_left_to_a_person_and_tried_no_more() {
    let account = ended_owing(debt_of(60, at(HOUR)));
    let tick = tick_at(at(HOUR + 30 * DAY));
    let planned = plan(account, &tick);
    assert_eq!(planned, account);
    assert!(!is_new_attempt(account, planned));
    assert_eq!(account.next_bill_at(&tick), Ok(None));
}

#[test]
fn a_debt_keeps_its_age_through_successes_and_declines() {
    let mut account = ended_owing(debt_of(60, at(HOUR)));
    for outcome in [Outcome::Declined, Outcome::Succeeded, Outcome::Expired] {
        let now = account.debt.unwrap().next_try_at;
        let planned = plan(account, &step_of(10, now));
        account = planned.settle(outcome, now).unwrap();
    }
    assert_eq!(account.debt.unwrap().opened_at, at(HOUR));
    let tick = tick_at(at(HOUR + 30 * DAY));
    assert_eq!(plan(account, &tick), account);
    assert_eq!(account.next_bill_at(&tick), Ok(None));
}

#[test]
fn without_a_debt_a_rental_of_any_age_is_charged() {
    let tick = tick_at(Moment::MAX_UTC);
    let open = plan(unbilled(), &tick).open.unwrap();
    assert_eq!(open.kind, AttemptKind::Charge);
    assert_eq!(open.amount, amount(5000));
    assert_eq!(unbilled().next_bill_at(&tick), Ok(Some(at(306))));
}

#[test]
fn an_endless_greatest_age_does_not_wrap() {
    let account = ended_owing(debt_of(60, at(HOUR)));
    let tick = Tick {
        debt_max_age: TimeDelta::MAX,
        ..tick_at(at(HOUR + 365 * DAY))
    };
    assert_eq!(collected(account, plan(account, &tick)), Some(60));
    assert_eq!(account.next_bill_at(&tick), Ok(Some(at(HOUR + 60))));
}

// Arithmetic.

#[test]
fn a_debt_does_not_wrap() {
    let most = debt_of(i64::MAX, at(HOUR));
    assert_eq!(most.joined_by(Amount::ONE), Err(MoneyError::Overflow));
    assert_eq!(
        most.after_decline(Amount::ONE, at(HOUR)),
        Err(MoneyError::Overflow)
    );
}

#[test]
fn a_debt_is_not_lowered_below_nothing() {
    let debt = debt_of(60, at(HOUR));
    assert_eq!(debt.lowered_by(amount(60)).unwrap().amount, Amount::ZERO);
    assert_eq!(debt.lowered_by(amount(61)), Err(MoneyError::Negative(-1)));
}

#[test]
fn countless_declines_do_not_wrap() {
    let tired = Debt {
        failures: i32::MAX,
        ..debt_of(60, at(HOUR))
    };
    let debt = tired.after_decline(amount(1), Moment::MAX_UTC).unwrap();
    assert_eq!(debt.failures, i32::MAX);
    assert_eq!(debt.next_try_at, Moment::MAX_UTC);
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_rest_is_never_shorter_for_more_failures(one in any::<i32>(), other in any::<i32>()) {
        let (fewer, more) = (backoff(one.min(other)), backoff(one.max(other)));
        prop_assert!(fewer <= more);
        prop_assert!(fewer >= TimeDelta::minutes(1));
        prop_assert!(more <= TimeDelta::hours(1));
    }

    #[test]
    fn a_declined_step_leaves_the_debt_as_large_as_before(
        units in 1_i64..=60,
        step in 1_i64..=100,
        late in 60_i64..=DAY,
    ) {
        let account = ended_owing(debt_of(units, at(HOUR)));
        let planned = plan(account, &step_of(step, at(HOUR + late)));
        prop_assert_eq!(collected(account, planned), Some(units.min(step)));
        let declined = planned.settle(Outcome::Declined, at(HOUR + late)).unwrap();
        prop_assert_eq!(owed(&declined), units);
        prop_assert_eq!(declined.paid, account.paid);
    }
}
