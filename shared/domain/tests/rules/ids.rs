//! Our ids are prefixed UUIDs; those of outside systems are opaque text.

use crate::cases;
use domain::{InvalidName, PowerbankId, QuoteId, RentalId, StationId, TariffId, UnknownId, UserId};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

const UUID: &str = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

fn uuid() -> Uuid {
    UUID.parse().unwrap()
}

#[test]
fn a_quotes_id_is_written_with_its_prefix() {
    assert_eq!(QuoteId::new(uuid()).to_string(), format!("quote-{UUID}"));
    assert_eq!(format!("quote-{UUID}").parse(), Ok(QuoteId::new(uuid())));
}

#[test]
fn a_rentals_id_is_written_with_its_prefix() {
    assert_eq!(RentalId::new(uuid()).to_string(), format!("rental-{UUID}"));
    assert_eq!(format!("rental-{UUID}").parse(), Ok(RentalId::new(uuid())));
}

#[test]
fn the_uuid_beneath_an_id_is_the_one_it_was_made_of() {
    assert_eq!(QuoteId::new(uuid()).uuid(), uuid());
    assert_eq!(RentalId::new(uuid()).uuid(), uuid());
}

#[test]
fn texts_that_are_none_of_our_ids_are_rejected() {
    let texts = [
        String::new(),
        "-".to_owned(),
        UUID.to_owned(),
        format!("-{UUID}"),
        "rental".to_owned(),
        "rental-".to_owned(),
        "rental-abc".to_owned(),
        "quote-789".to_owned(),
        format!("rental{UUID}"),
        format!("rental--{UUID}"),
        format!("rental_{UUID}"),
        format!("rental-rental-{UUID}"),
        format!("rental-quote-{UUID}"),
        format!("Rental-{UUID}"),
        format!("RENTAL-{UUID}"),
        format!("user-{UUID}"),
        format!(" rental-{UUID}"),
        format!("rental- {UUID}"),
        format!("rental-{UUID} "),
        format!("rental-{UUID}\n"),
        format!("rental-{UUID}0"),
        format!("rental-{}", UUID.replacen('0', "g", 1)),
        format!("rental-{}", UUID.replacen('0', "０", 1)),
        format!("rental-{}", UUID.trim_end_matches('b')),
        format!("rental-{UUID}-{UUID}"),
    ];
    for text in texts {
        assert_eq!(text.parse::<RentalId>(), Err(UnknownId), "{text:?}");
        assert_eq!(text.parse::<QuoteId>(), Err(UnknownId), "{text:?}");
    }
}

#[test]
fn another_spelling_of_the_uuid_is_none_of_our_ids() {
    let spellings = [
        UUID.to_uppercase(),
        UUID.replacen('a', "A", 1),
        UUID.replace('-', ""),
        format!("{{{UUID}}}"),
        format!("urn:uuid:{UUID}"),
    ];
    for spelling in spellings {
        assert_eq!(spelling.parse(), Ok(uuid()), "{spelling:?}");
        let quote_id = format!("quote-{spelling}");
        assert_eq!(quote_id.parse::<QuoteId>(), Err(UnknownId), "{quote_id:?}");
        let rental_id = format!("rental-{spelling}");
        assert_eq!(
            rental_id.parse::<RentalId>(),
            Err(UnknownId),
            "{rental_id:?}"
        );
    }
}

#[test]
fn a_quotes_id_is_no_rentals_id_and_the_other_way_round() {
    assert!(format!("quote-{UUID}").parse::<RentalId>().is_err());
    assert!(format!("rental-{UUID}").parse::<QuoteId>().is_err());
}

#[test]
fn our_ids_are_texts_in_json() {
    let rental_id = RentalId::new(uuid());
    let written = json!(format!("rental-{UUID}"));
    assert_eq!(serde_json::to_value(rental_id).unwrap(), written);
    assert_eq!(
        serde_json::from_value::<RentalId>(written).unwrap(),
        rental_id
    );
    for foreign in [
        json!(UUID),
        json!(format!("quote-{UUID}")),
        json!(7),
        json!(null),
    ] {
        assert!(
            serde_json::from_value::<RentalId>(foreign.clone()).is_err(),
            "{foreign}"
        );
    }
}

/// What holds for the ids of all four outside systems.
macro_rules! for_each_of_their_ids {
    ($check:ident) => {
        $check::<UserId>();
        $check::<StationId>();
        $check::<TariffId>();
        $check::<PowerbankId>();
    };
}

/// An id of an outside system, as far as these tests use it.
trait TheirId:
    std::str::FromStr<Err = InvalidName> + std::fmt::Display + std::fmt::Debug + PartialEq
{
}

impl TheirId for UserId {}
impl TheirId for StationId {}
impl TheirId for TariffId {}
impl TheirId for PowerbankId {}

fn assert_taken<T: TheirId>(text: &str) {
    let taken = text.parse::<T>().map(|id| id.to_string());
    assert_eq!(taken.as_deref(), Ok(text));
}

fn assert_rejected<T: TheirId>(text: &str) {
    assert_eq!(text.parse::<T>(), Err(InvalidName), "{text:?}");
}

#[test]
fn the_ids_of_outside_systems_in_the_examples_are_taken_as_they_are() {
    fn check<T: TheirId>() {
        for text in ["user-123", "station-456", "tariff-1", "pb-001"] {
            assert_taken::<T>(text);
        }
    }
    for_each_of_their_ids!(check);
}

#[test]
fn an_id_of_an_outside_system_has_1_to_255_characters_of_any_script() {
    fn check<T: TheirId>() {
        assert_rejected::<T>("");
        assert_taken::<T>("x");
        for character in ["x", "ю", "🔋"] {
            assert_taken::<T>(&character.repeat(255));
            assert_rejected::<T>(&character.repeat(256));
        }
    }
    for_each_of_their_ids!(check);
}

#[test]
fn an_id_of_an_outside_system_holds_no_control_characters() {
    fn check<T: TheirId>() {
        for text in ["a\0b", "a\nb", "a\r\n", "\ta", "a\u{7f}", "a\u{85}b"] {
            assert_rejected::<T>(text);
        }
    }
    for_each_of_their_ids!(check);
}

#[test]
fn an_id_of_an_outside_system_is_not_blank() {
    fn check<T: TheirId>() {
        for text in [" ", "   ", "\u{a0}", "\u{3000}"] {
            assert_rejected::<T>(text);
        }
        assert_taken::<T>("station 456");
    }
    for_each_of_their_ids!(check);
}

#[test]
fn an_id_of_an_outside_system_is_a_text_in_json() {
    let station: StationId = "station-456".parse().unwrap();
    assert_eq!(station.as_str(), "station-456");
    assert_eq!(
        serde_json::to_value(&station).unwrap(),
        json!("station-456")
    );
    assert_eq!(
        serde_json::from_value::<StationId>(json!("station-456")).unwrap(),
        station
    );
    for foreign in [json!(""), json!("\n"), json!(456), json!(null)] {
        assert!(
            serde_json::from_value::<StationId>(foreign.clone()).is_err(),
            "{foreign}"
        );
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn our_ids_are_read_back_as_they_were_written(bits in any::<u128>()) {
        let quote_id = QuoteId::new(Uuid::from_u128(bits));
        prop_assert_eq!(quote_id.to_string().parse(), Ok(quote_id));
        let rental_id = RentalId::new(Uuid::from_u128(bits));
        prop_assert_eq!(rental_id.to_string().parse(), Ok(rental_id));
    }

    #[test]
    fn a_text_is_one_of_our_ids_only_with_the_right_prefix(
        text in prop_oneof![".*", "(rental-|quote-|)[0-9a-f{}:-]{0,45}"],
    ) {
        if let Ok(rental_id) = text.parse::<RentalId>() {
            prop_assert!(text.starts_with("rental-"));
            prop_assert_eq!(rental_id.to_string().parse(), Ok(rental_id));
        }
        if text.parse::<QuoteId>().is_ok() {
            prop_assert!(text.starts_with("quote-"));
        }
    }

    #[test]
    fn ids_of_outside_systems_are_read_back_as_they_were_written(text in ".{0,260}") {
        match text.parse::<PowerbankId>() {
            Ok(powerbank_id) => prop_assert_eq!(powerbank_id.to_string(), text),
            Err(InvalidName) => prop_assert!(
                text.trim().is_empty()
                    || text.chars().count() > 255
                    || text.contains(char::is_control)
            ),
        }
    }
}
