//! Which keys a client may make its requests repeatable by.

use crate::cases;
use domain::{IdempotencyKey, InvalidIdempotencyKey};
use proptest::prelude::*;

fn assert_read_as(value: &str, key: &str) {
    let read = IdempotencyKey::parse(value);
    assert_eq!(
        read.as_ref().map(IdempotencyKey::as_str),
        Ok(key),
        "{value:?}"
    );
}

fn assert_refused(value: &str) {
    assert_eq!(
        IdempotencyKey::parse(value),
        Err(InvalidIdempotencyKey),
        "{value:?}"
    );
}

#[test]
fn a_uuid_is_a_key() {
    let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    assert_read_as(uuid, uuid);
}

#[test]
fn an_empty_key_is_refused() {
    for value in ["", " ", "  ", "\"\"", " \"\" "] {
        assert_refused(value);
    }
}

#[test]
fn a_key_of_1_character_is_taken() {
    assert_read_as("k", "k");
}

#[test]
fn a_key_of_255_characters_is_taken() {
    let key = "k".repeat(255);
    assert_read_as(&key, &key);
}

#[test]
fn a_key_of_256_characters_is_refused() {
    assert_refused(&"k".repeat(256));
}

#[test]
fn the_quotes_around_a_key_are_dropped_and_not_counted() {
    assert_read_as("\"k\"", "k");
    let key = "k".repeat(255);
    assert_read_as(&format!("\"{key}\""), &key);
    assert_refused(&format!("\"{key}k\""));
}

#[test]
fn a_key_is_the_same_with_and_without_quotes() {
    assert_eq!(
        IdempotencyKey::parse("\"order-1\""),
        IdempotencyKey::parse("order-1")
    );
}

#[test]
fn keys_that_differ_in_case_are_two_keys() {
    assert_ne!(IdempotencyKey::parse("k"), IdempotencyKey::parse("K"));
}

#[test]
fn a_quote_on_one_side_belongs_to_the_key() {
    assert_read_as("\"", "\"");
    assert_read_as("\"k", "\"k");
    assert_read_as("k\"", "k\"");
    assert_read_as("k\"k", "k\"k");
}

#[test]
fn one_pair_of_quotes_is_dropped() {
    assert_read_as("\"\"k\"\"", "\"k\"");
    assert_read_as("'k'", "'k'");
}

#[test]
fn blanks_around_the_value_are_dropped() {
    assert_read_as(" k ", "k");
    assert_read_as("\tk\t", "k");
    assert_read_as(" \"k\" ", "k");
}

#[test]
fn a_key_with_inner_blanks_is_refused() {
    for value in ["a b", "a\tb", "\"a b\"", "\" a\"", "\"a \"", "\" \""] {
        assert_refused(value);
    }
}

#[test]
fn a_key_with_control_characters_is_refused() {
    for value in ["a\0", "a\nb", "a\rb", "\u{1b}[0m", "a\u{7f}", "\"a\n\""] {
        assert_refused(value);
    }
}

#[test]
fn a_control_character_at_the_edge_is_refused_like_any_other() {
    for value in ["k\n", "\r\nk", "k\u{b}", "\u{c}k"] {
        assert_refused(value);
    }
}

#[test]
fn a_key_beyond_ascii_is_refused() {
    for value in ["ключ", "k\u{e9}y", "key🔑", "a\u{a0}b", "k\u{200b}"] {
        assert_refused(value);
    }
}

#[test]
fn a_character_beyond_ascii_at_the_edge_is_refused_like_any_other() {
    for value in ["\u{a0}k", "k\u{3000}", "k\u{85}", "\u{2003}k"] {
        assert_refused(value);
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn every_visible_key_is_taken_as_it_is(key in "[!-~&&[^\"]]{1,255}") {
        let read = IdempotencyKey::parse(&key).unwrap();
        prop_assert_eq!(read.as_str(), &key);
        let quoted = IdempotencyKey::parse(&format!("\"{key}\"")).unwrap();
        prop_assert_eq!(quoted, read);
    }

    #[test]
    fn whatever_is_taken_is_1_to_255_visible_characters(value in prop_oneof![".*", "[ -~]{0,300}"]) {
        if let Ok(key) = IdempotencyKey::parse(&value) {
            prop_assert!((1..=255).contains(&key.as_str().chars().count()));
            prop_assert!(key.as_str().chars().all(|c| ('!'..='~').contains(&c)));
            prop_assert!(value.contains(key.as_str()));
        }
    }
}
