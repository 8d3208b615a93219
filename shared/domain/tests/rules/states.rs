//! How a rental's state and its hold's state move, and how they are written.

use domain::{EndStatus, HoldStatus, RentalStatus, UnknownStatus};
use serde_json::json;

const RENTAL_STATUSES: [(RentalStatus, &str); 5] = [
    (RentalStatus::Pending, "PENDING"),
    (RentalStatus::Active, "ACTIVE"),
    (RentalStatus::Failed, "FAILED"),
    (RentalStatus::Finished, "FINISHED"),
    (RentalStatus::Buyout, "BUYOUT"),
];

const HOLD_STATUSES: [(HoldStatus, &str); 6] = [
    (HoldStatus::None, "NONE"),
    (HoldStatus::Requested, "REQUESTED"),
    (HoldStatus::Held, "HELD"),
    (HoldStatus::Declined, "DECLINED"),
    (HoldStatus::Releasing, "RELEASING"),
    (HoldStatus::Released, "RELEASED"),
];

#[test]
fn a_rental_moves_from_pending_to_active_or_failed_and_from_active_to_finished_or_buyout() {
    let ways = [
        ("PENDING", "ACTIVE"),
        ("PENDING", "FAILED"),
        ("ACTIVE", "FINISHED"),
        ("ACTIVE", "BUYOUT"),
    ];
    for (from, from_text) in RENTAL_STATUSES {
        for (to, to_text) in RENTAL_STATUSES {
            assert_eq!(
                from.can_become(to),
                ways.contains(&(from_text, to_text)),
                "{from_text} to {to_text}"
            );
        }
    }
}

#[test]
fn a_hold_is_requested_held_or_declined_and_released_through_an_intent() {
    let ways = [
        ("NONE", "REQUESTED"),
        ("REQUESTED", "HELD"),
        ("REQUESTED", "DECLINED"),
        ("REQUESTED", "NONE"),
        ("HELD", "RELEASING"),
        ("RELEASING", "RELEASED"),
    ];
    for (from, from_text) in HOLD_STATUSES {
        for (to, to_text) in HOLD_STATUSES {
            assert_eq!(
                from.can_become(to),
                ways.contains(&(from_text, to_text)),
                "{from_text} to {to_text}"
            );
        }
    }
}

#[test]
fn a_rentals_state_is_written_and_read_as_one_text() {
    for (status, text) in RENTAL_STATUSES {
        assert_eq!(status.as_str(), text);
        assert_eq!(status.to_string(), text);
        assert_eq!(text.parse(), Ok(status));
        assert_eq!(serde_json::to_value(status).unwrap(), json!(text));
        assert_eq!(
            serde_json::from_value::<RentalStatus>(json!(text)).unwrap(),
            status
        );
    }
}

#[test]
fn a_holds_state_is_written_and_read_as_one_text() {
    for (status, text) in HOLD_STATUSES {
        assert_eq!(status.as_str(), text);
        assert_eq!(text.parse(), Ok(status));
        assert_eq!(serde_json::to_value(status).unwrap(), json!(text));
    }
}

#[test]
fn a_text_that_names_no_state_is_refused_and_shown() {
    for text in ["", "active", "Active", " ACTIVE", "ACTIVE ", "RETURNED"] {
        let unknown = UnknownStatus(text.to_owned());
        assert_eq!(text.parse::<RentalStatus>(), Err(unknown.clone()));
        assert_eq!(text.parse::<HoldStatus>(), Err(unknown));
    }
    // Each machine knows its own states only.
    assert!("HELD".parse::<RentalStatus>().is_err());
    assert!("ACTIVE".parse::<HoldStatus>().is_err());
}

#[test]
fn an_end_is_a_state_in_which_a_rental_stays() {
    for (end, status) in [
        (EndStatus::Finished, RentalStatus::Finished),
        (EndStatus::Buyout, RentalStatus::Buyout),
    ] {
        assert_eq!(RentalStatus::from(end), status);
        assert!(
            RENTAL_STATUSES
                .iter()
                .all(|(next, _)| !status.can_become(*next))
        );
    }
}
