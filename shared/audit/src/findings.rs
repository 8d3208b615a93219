//! What was found out about one rental.

use crate::law::Law;
use std::collections::BTreeSet;

/// What was found out about one rental.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The laws that had something to say about it: their premise was met.
    pub met: BTreeSet<Law>,
    /// The laws that it breaks, each with a sentence that has the numbers.
    pub broken: Vec<(Law, String)>,
    /// What of it is set aside, and why.
    pub set_aside: Vec<String>,
    /// What of it only a person goes on with.
    pub left_to_a_person: Vec<String>,
}

/// One law, looking at one rental.
pub(crate) struct Judge<'a> {
    law: Law,
    findings: &'a mut Findings,
}

impl Findings {
    pub(crate) fn judge(&mut self, law: Law) -> Judge<'_> {
        Judge {
            law,
            findings: self,
        }
    }

    /// Whether no law is broken.
    #[must_use]
    pub fn are_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// The laws that are broken, each once.
    #[must_use]
    pub fn broken_laws(&self) -> BTreeSet<Law> {
        self.broken.iter().map(|(law, _)| *law).collect()
    }
}

impl Judge<'_> {
    /// The law has something to say about this rental.
    pub(crate) fn met(&mut self) {
        self.findings.met.insert(self.law);
    }

    /// Notes what is broken unless `holds`.
    pub(crate) fn demand(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.met();
            self.findings.broken.push((self.law, otherwise()));
        }
    }
}
