//! What is reported, and how it is shown.

use crate::samples::{active, finished};
use audit::{Books, Law, Report, Rules, When, check};
use serde_json::json;

/// No row can break law 17.
const ELSEWHERE: &str = "only counted here: the system tests show it";

#[test]
fn the_laws_are_numbered_from_1_to_17() {
    let numbers: Vec<u8> = Law::ALL.into_iter().map(Law::number).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<u8>>());
}

#[test]
fn a_report_of_nothing_is_clean_and_checked_nothing() {
    let report = Report::default();
    assert!(report.is_clean() && report.checked_nothing());
}

#[test]
fn what_others_checked_is_counted_beside_what_the_audit_did() {
    let mut report = Report::default();
    report.record(Law::Answers, 3);
    assert!(report.is_clean() && !report.checked_nothing());
    let mut other = Report::default();
    other.record(Law::Answers, 4);
    other.violate(Law::States, "rental-1", "it moved back");
    report.merge(other);
    assert_eq!(report.checked(Law::Answers), 7);
    assert_eq!(report.checked(Law::States), 0);
    assert!(!report.is_clean());
}

/// What one audit finds that looks at these books only.
fn report_of(books: &Books) -> Report {
    let mut report = Report::default();
    let findings = check(books, Rules::default(), When::AnyMoment);
    report.add(&books.rental_id, findings);
    report
}

#[test]
fn a_rental_that_several_audits_looked_at_counts_once_for_each_law_whose_premise_it_met() {
    let mut report = report_of(&active());
    assert_eq!(report.checked(Law::Holds), 0);
    for _ in 0..3 {
        report.merge(report_of(&finished()));
    }
    let mut another = finished();
    another.rental_id = "rental-7".to_owned();
    report.merge(report_of(&another));
    assert_eq!(report.rentals(), 2);
    assert_eq!(report.checked(Law::Quotes), 2);
    assert_eq!(report.checked(Law::Holds), 2);
    report.record(Law::Holds, 3);
    assert_eq!(report.checked(Law::Holds), 5);
}

#[test]
fn a_violation_is_shown_in_the_table_and_in_json_with_its_numbers() {
    let mut report = Report::default();
    report.record(Law::Taken, 2);
    report.violate(Law::Taken, "rental-7", "P = 1, but L = 2");
    let table = report.to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + 17 + 2, "{table}");
    let widths: Vec<usize> = lines[..17].iter().map(|line| line.len()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    assert!(table.contains("rental-7 breaks law 1: P = 1, but L = 2"));

    let shown = serde_json::to_value(&report).unwrap();
    assert_eq!(shown["is_clean"], json!(false));
    assert_eq!(shown["rentals"], json!(0));
    assert_eq!(shown["laws"][0]["law"], json!(1));
    assert_eq!(shown["laws"][0]["checked"], json!(2));
    assert_eq!(shown["laws"][0]["violations"], json!(1));
    assert_eq!(
        shown["violations"],
        json!([{ "law": 1, "rental_id": "rental-7", "what": "P = 1, but L = 2" }])
    );
}

#[test]
fn a_law_that_no_row_can_break_says_where_it_is_shown() {
    let report = Report::default();
    let noted = report.laws().filter(|law| law.note.is_some());
    let noted: Vec<Law> = noted.map(|law| law.law).collect();
    assert_eq!(noted, [Law::SetAside]);
    assert!(report.to_string().ends_with(ELSEWHERE), "{report}");
}

#[test]
fn laws_that_need_the_ledger_say_so_when_there_is_none() {
    let report = Report::without_ledger();
    let notes: Vec<(u8, &str)> = report
        .laws()
        .filter_map(|law| Some((law.law.number(), law.note?)))
        .collect();
    let (whole, part) = ("not checked: no ledger", "checked in part: no ledger");
    assert_eq!(
        notes,
        [
            (1, whole),
            (3, part),
            (6, whole),
            (9, part),
            (10, part),
            (17, ELSEWHERE)
        ]
    );
    assert!(report.to_string().contains(whole));
}
