//! What an audit found.

use crate::findings::Findings;
use crate::law::{Law, LedgerUse};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// What an audit found. It can be merged with others', shown as a table and written as JSON.
///
/// It knows which rentals it looked at and which of them met each law's premise, so that one that
/// several merged audits looked at counts once.
#[derive(Clone, Debug, Default)]
pub struct Report {
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
    /// The laws whose premise a rental met at any look, for each that was looked at.
    met: BTreeMap<String, BTreeSet<Law>>,
    /// How many more were checked by somebody else.
    recorded: BTreeMap<Law, u64>,
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
    /// By how many rentals its premise was met.
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

    /// Notes that the premise of a law was met `times` more, as somebody else saw who does not say
    /// by which rentals.
    pub fn record(&mut self, law: Law, times: u64) {
        let recorded = self.recorded.entry(law).or_default();
        *recorded = recorded.saturating_add(times);
    }

    /// Notes that a rental breaks a law.
    pub fn violate(&mut self, law: Law, rental_id: impl Into<String>, what: impl Into<String>) {
        self.violations.push(Violation {
            law,
            rental_id: rental_id.into(),
            what: what.into(),
        });
    }

    /// Adds what another audit of the same rentals found: a rental counts once, however many looked
    /// at it. What was recorded is added up.
    pub fn merge(&mut self, other: Self) {
        for (rental_id, laws) in other.met {
            self.met.entry(rental_id).or_default().extend(laws);
        }
        for (law, times) in other.recorded {
            self.record(law, times);
        }
        self.violations.extend(other.violations);
        self.set_aside.extend(other.set_aside);
        self.left_to_a_person.extend(other.left_to_a_person);
        self.unreadable.extend(other.unreadable);
        self.moving.extend(other.moving);
        self.had_no_ledger |= other.had_no_ledger;
    }

    /// How many rentals were looked at, in whichever book they stand.
    #[must_use]
    pub fn rentals(&self) -> u64 {
        count(self.met.len())
    }

    /// By how many rentals the premise of a law was met, and what was recorded beside them.
    #[must_use]
    pub fn checked(&self, law: Law) -> u64 {
        let rentals = self.met.values().filter(|laws| laws.contains(&law));
        let recorded = self.recorded.get(&law).copied().unwrap_or_default();
        count(rentals.count()).saturating_add(recorded)
    }

    /// Whether no law is broken and every row could be read.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.unreadable.is_empty()
    }

    /// Whether there was nothing that any law had something to say about: no success.
    #[must_use]
    pub fn checked_nothing(&self) -> bool {
        Law::ALL.into_iter().all(|law| self.checked(law) == 0)
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
            LedgerUse::Whole | LedgerUse::Part | LedgerUse::None => law.shown_elsewhere(),
        }
    }

    /// Adds what was found about one rental.
    pub fn add(&mut self, rental_id: &str, findings: Findings) {
        self.look_at(rental_id).extend(findings.met);
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
        self.look_at(&unreadable.rental_id);
        self.unreadable.push(unreadable);
    }

    /// Names a rental of which nothing can be said: it never stood still.
    pub(crate) fn add_moving(&mut self, rental_id: &str, findings: Findings) {
        self.look_at(rental_id);
        for (law, what) in findings.broken {
            self.moving.push(Named {
                rental_id: rental_id.to_owned(),
                what: format!("law {}: {what}", law.number()),
            });
        }
    }

    /// The laws whose premise a rental met so far.
    fn look_at(&mut self, rental_id: &str) -> &mut BTreeSet<Law> {
        self.met.entry(rental_id.to_owned()).or_default()
    }
}

fn count(rentals: usize) -> u64 {
    u64::try_from(rentals).unwrap_or(u64::MAX)
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
            rentals: self.rentals(),
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
