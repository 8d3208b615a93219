//! Checks of answers: every field is there, of its type and value, and no
//! other field is.

use std::ops::RangeInclusive;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::http::Answer;

/// What a field must be.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    /// Exactly this.
    Is(Value),
    /// This prefix and a UUID.
    Id(&'static str),
    /// A text that is not empty.
    Text,
    /// A moment in UTC, in whole seconds: `2025-11-29T10:00:00Z`.
    Moment,
    /// A whole number in this range.
    Within(RangeInclusive<i64>),
}

impl Expect {
    /// What is wrong with a value, in the words "expected …".
    fn fault(&self, value: &Value) -> Option<String> {
        let (holds, expected) = match self {
            Self::Is(exact) => (value == exact, exact.to_string()),
            Self::Id(prefix) => (is_id(prefix, value), format!("{prefix}<uuid>")),
            Self::Text => (
                value.as_str().is_some_and(|text| !text.is_empty()),
                "a text".to_owned(),
            ),
            Self::Moment => (
                moment(value).is_some(),
                "a moment such as 2025-11-29T10:00:00Z".to_owned(),
            ),
            Self::Within(range) => (
                value.as_i64().is_some_and(|number| range.contains(&number)),
                format!("a whole number from {} to {}", range.start(), range.end()),
            ),
        };
        (!holds).then_some(expected)
    }
}

/// Demands a status.
pub(super) fn status(what: &str, answer: &Answer, expected: u16) -> Result<()> {
    if answer.status != expected {
        bail!(
            "{what}: status: expected {expected}, got {} {}",
            answer.status,
            answer.text()
        );
    }
    Ok(())
}

/// Demands that a body has exactly these fields.
pub(super) fn body(what: &str, body: &Value, fields: &[(&str, Expect)]) -> Result<()> {
    let Value::Object(body) = body else {
        bail!("{what}: expected an object, got {body}");
    };
    let faults = faults(body, fields);
    if !faults.is_empty() {
        bail!("{what}: {}", faults.join("; "));
    }
    Ok(())
}

/// Demands that two numbers are the same.
pub(super) fn equal(what: &str, expected: i64, got: i64) -> Result<()> {
    if expected != got {
        bail!("{what}: expected {expected}, got {got}");
    }
    Ok(())
}

/// The moment that a field holds, if it is written as the API writes it.
pub(super) fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    let whole_seconds_in_utc = text.len() == "2025-11-29T10:00:00Z".len() && text.ends_with('Z');
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    whole_seconds_in_utc.then(|| moment.to_utc())
}

fn faults(body: &Map<String, Value>, fields: &[(&str, Expect)]) -> Vec<String> {
    let of_fields = fields.iter().filter_map(|(name, expect)| {
        let Some(value) = body.get(*name) else {
            return Some(format!("{name}: expected it to be there"));
        };
        let expected = expect.fault(value)?;
        Some(format!("{name}: expected {expected}, got {value}"))
    });
    let unknown = body
        .iter()
        .filter(|(name, _)| !fields.iter().any(|(known, _)| known == name))
        .map(|(name, value)| format!("{name}: expected no such field, got {value}"));
    of_fields.chain(unknown).collect()
}

fn is_id(prefix: &str, value: &Value) -> bool {
    let uuid = value.as_str().and_then(|id| id.strip_prefix(prefix));
    uuid.is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.char_indices().all(|(at, letter)| match at {
                8 | 13 | 18 | 23 => letter == '-',
                _ => letter.is_ascii_hexdigit(),
            })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Expect, body};

    fn fault(value: &serde_json::Value, expect: Expect) -> String {
        match body("it", value, &[("field", expect)]) {
            Ok(()) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_body_that_is_as_expected_has_no_fault() {
        let answer = json!({
            "id": "rental-01890a5d-ac96-774b-bcce-b302099a8057",
            "status": "ACTIVE",
            "at": "2025-11-29T10:00:00Z",
            "amount": 7,
        });
        let fields = [
            ("id", Expect::Id("rental-")),
            ("status", Expect::Is(json!("ACTIVE"))),
            ("at", Expect::Moment),
            ("amount", Expect::Within(7..=7)),
        ];
        assert!(body("it", &answer, &fields).is_ok());
    }

    #[test]
    fn a_field_that_is_missing_is_named() {
        assert_eq!(
            fault(&json!({}), Expect::Text),
            "it: field: expected it to be there"
        );
    }

    #[test]
    fn a_field_that_nobody_expects_is_named() {
        assert_eq!(
            fault(&json!({"field": "a", "debug": 1}), Expect::Text),
            "it: debug: expected no such field, got 1"
        );
    }

    #[test]
    fn a_number_in_quotes_is_no_number() {
        assert_eq!(
            fault(&json!({"field": "5"}), Expect::Within(0..=9)),
            "it: field: expected a whole number from 0 to 9, got \"5\""
        );
    }

    #[test]
    fn a_fraction_is_no_amount() {
        assert_ne!(fault(&json!({"field": 5.0}), Expect::Is(json!(5))), "none");
    }

    #[test]
    fn a_moment_with_fractions_of_a_second_or_an_offset_is_refused() {
        for text in ["2025-11-29T10:00:00.5Z", "2025-11-29T10:00:00+00:00"] {
            assert_ne!(fault(&json!({ "field": text }), Expect::Moment), "none");
        }
    }

    #[test]
    fn an_id_needs_its_prefix_and_a_uuid() {
        for text in ["rental-1", "01890a5d-ac96-774b-bcce-b302099a8057"] {
            assert_ne!(
                fault(&json!({ "field": text }), Expect::Id("rental-")),
                "none"
            );
        }
    }
}
