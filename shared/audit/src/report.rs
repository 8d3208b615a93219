//! What an audit found.

use crate::findings::Findings;
use crate::law::{Law, LedgerUse};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// What an audit found. It can be merged with others', shown as a table and written as JSON.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many rentals were looked at, in whichever book they stand.
    pub rentals: u64,
    /// Every law that is broken, and by which rental.
    pub violations: Vec<Violation>,
    /// What waits for an operator because of a local fault; no violation.
    pub set_aside: Vec<Named>,
    /// What was unknown for so long that only a person goes on with it; no violation.
    pub left_to_a_person: Vec<Named>,
    /// Rows that cannot be read at all: nothing can be said of their rentals.
    pub unreadable: Vec<Named>,
    /// Rentals that something was amiss with, and that moved each time they were looked at: nothing
    /// can be said of them either, but that another audit may find them still.
    pub moving: Vec<Named>,
    checked: BTreeMap<Law, u64>,
    had_no_ledger: bool,
}

/// A law that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// `rental-…`, or the provider's `order_id` where no rental belongs to it.
    pub rental_id: String,
    /// What is wrong, with the numbers.
    pub what: String,
}

/// A rental that something is to be said of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// `rental-…`.
    pub rental_id: String,
    /// What.
    pub what: String,
}

/// What was found about one law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LawReport {
    /// Which one.
    pub law: Law,
    /// What it says.
    pub title: &'static str,
    /// On how many rentals its premise was met.
    pub checked: u64,
    /// How often it is broken.
    pub violations: u64,
    /// What has to be known about these numbers.
    pub note: Option<&'static str>,
}

impl Report {
    /// An empty report of an audit that has no ledger to look into.
    #[must_use]
    pub fn without_ledger() -> Self {
        Self {
            had_no_ledger: true,
            ..Self::default()
        }
    }

    /// Notes that `rentals` more met the premise of a law and were checked by somebody else.
    pub fn record(&mut self, law: Law, rentals: u64) {
        let checked = self.checked.entry(law).or_default();
        *checked = checked.saturating_add(rentals);
    }

    /// Notes that a rental breaks a law.
    pub fn violate(&mut self, law: Law, rental_id: impl Into<String>, what: impl Into<String>) {
        self.violations.push(Violation {
            law,
            rental_id: rental_id.into(),
            what: what.into(),
        });
    }

    /// Adds what another audit found.
    pub fn merge(&mut self, other: Self) {
        self.rentals = self.rentals.saturating_add(other.rentals);
        for (law, checked) in other.checked {
            self.record(law, checked);
        }
        self.violations.extend(other.violations);
        self.set_aside.extend(other.set_aside);
        self.left_to_a_person.extend(other.left_to_a_person);
        self.unreadable.extend(other.unreadable);
        self.moving.extend(other.moving);
        self.had_no_ledger |= other.had_no_ledger;
    }

    /// On how many rentals the premise of a law was met.
    #[must_use]
    pub fn checked(&self, law: Law) -> u64 {
        self.checked.get(&law).copied().unwrap_or_default()
    }

    /// Whether no law is broken and every row could be read.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.unreadable.is_empty()
    }

    /// Whether there was nothing that any law had something to say about: no success.
    #[must_use]
    pub fn checked_nothing(&self) -> bool {
        self.checked.values().all(|checked| *checked == 0)
    }

    /// All laws, by their numbers.
    pub fn laws(&self) -> impl Iterator<Item = LawReport> {
        Law::ALL.into_iter().map(|law| LawReport {
            law,
            title: law.title(),
            checked: self.checked(law),
            violations: self.violations.iter().fold(0, |sum: u64, violation| {
                sum.saturating_add(u64::from(violation.law == law))
            }),
            note: self.note(law),
        })
    }

    fn note(&self, law: Law) -> Option<&'static str> {
        match law.ledger_use() {
            LedgerUse::Whole if self.had_no_ledger => Some("not checked: no ledger"),
            LedgerUse::Part if self.had_no_ledger => Some("checked in part: no ledger"),
            _ => None,
        }
    }

    /// Adds what was found about one rental.
    pub(crate) fn add(&mut self, rental_id: &str, findings: Findings) {
        self.rentals = self.rentals.saturating_add(1);
        for law in findings.met {
            self.record(law, 1);
        }
        for (law, what) in findings.broken {
            self.violate(law, rental_id, what);
        }
        let named = |what| Named {
            rental_id: rental_id.to_owned(),
            what,
        };
        self.set_aside
            .extend(findings.set_aside.into_iter().map(named));
        self.left_to_a_person
            .extend(findings.left_to_a_person.into_iter().map(named));
    }

    pub(crate) fn add_unreadable(&mut self, unreadable: Named) {
        self.rentals = self.rentals.saturating_add(1);
        self.unreadable.push(unreadable);
    }

    /// Names a rental of which nothing can be said: it never stood still.
    pub(crate) fn add_moving(&mut self, rental_id: &str, findings: Findings) {
        self.rentals = self.rentals.saturating_add(1);
        for (law, what) in findings.broken {
            self.moving.push(Named {
                rental_id: rental_id.to_owned(),
                what: format!("law {}: {what}", law.number()),
            });
        }
    }
}

/// With each law's line.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            is_clean: bool,
            rentals: u64,
            laws: Vec<LawReport>,
            violations: &'a [Violation],
            set_aside: &'a [Named],
            left_to_a_person: &'a [Named],
            unreadable: &'a [Named],
            moving: &'a [Named],
        }
        let shown = Shown {
            is_clean: self.is_clean(),
            rentals: self.rentals,
            laws: self.laws().collect(),
            violations: &self.violations,
            set_aside: &self.set_aside,
            left_to_a_person: &self.left_to_a_person,
            unreadable: &self.unreadable,
            moving: &self.moving,
        };
        shown.serialize(serializer)
    }
}
