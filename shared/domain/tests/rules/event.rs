//! A transition of a rental, as others are told of it.

use crate::{a_nanosecond_before, amount, at, example_price, id, running, start};
use domain::{Amount, RentalEvent, RentalId, RentalStatus, TermsError};

fn ended_event() -> RentalEvent {
    RentalEvent {
        rental_id: RentalId::new(id(1)),
        version: 2,
        status: RentalStatus::Finished,
        user_id: "user-123".parse().unwrap(),
        station_id: "station-456".parse().unwrap(),
        powerbank_id: Some("pb-001".parse().unwrap()),
        price_per_hour: amount(60),
        free_period_min: 5,
        buyout: amount(5000),
        started_at: Some(start()),
        finished_at: Some(at(90 * 60)),
        total_amount: Some(amount(90)),
    }
}

fn failed_event() -> RentalEvent {
    RentalEvent {
        status: RentalStatus::Failed,
        powerbank_id: None,
        started_at: None,
        finished_at: None,
        total_amount: None,
        ..ended_event()
    }
}

#[test]
fn an_event_is_read_back_as_it_was_written() {
    for event in [ended_event(), failed_event()] {
        let written = serde_json::to_string(&event).unwrap();
        assert_eq!(
            serde_json::from_str::<RentalEvent>(&written).unwrap(),
            event
        );
    }
}

#[test]
fn an_event_tells_when_a_rental_started_and_at_what_price() {
    assert_eq!(ended_event().running(), Ok(Some(running(example_price()))));
    assert_eq!(failed_event().running(), Ok(None));
}

#[test]
fn a_fraction_of_a_second_in_an_events_start_is_dropped() {
    let within_the_second = RentalEvent {
        started_at: Some(a_nanosecond_before(at(1))),
        ..ended_event()
    };
    assert_eq!(within_the_second.running(), ended_event().running());
}

#[test]
fn an_event_with_terms_that_no_quote_can_have_frozen_is_refused() {
    let without_buyout = RentalEvent {
        buyout: Amount::ZERO,
        ..ended_event()
    };
    assert_eq!(without_buyout.running(), Err(TermsError::Buyout));
    let backwards = RentalEvent {
        free_period_min: -1,
        ..ended_event()
    };
    assert_eq!(backwards.running(), Err(TermsError::FreePeriod(-1)));
}
