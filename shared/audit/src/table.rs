//! A report as an aligned table, and beneath it what is to be said of single rentals.

use crate::report::{LawReport, Named, Report};
use std::fmt;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let laws: Vec<LawReport> = self.laws().collect();
        let widest = laws.iter().map(|law| law.title.len()).max().unwrap_or(0);
        write!(f, "law  {:widest$}  checked  broken", "")?;
        for row in laws {
            let (number, title) = (row.law.number(), row.title);
            let (checked, broken) = (row.checked, row.violations);
            write!(
                f,
                "\n{number:>3}  {title:widest$}  {checked:>7}  {broken:>6}"
            )?;
            if let Some(note) = row.note {
                write!(f, "  {note}")?;
            }
        }
        let mut lines: Vec<String> = Vec::new();
        for violation in &self.violations {
            let (number, what) = (violation.law.number(), &violation.what);
            lines.push(format!(
                "{} breaks law {number}: {what}",
                violation.rental_id
            ));
        }
        lines.extend(named("cannot be read", &self.unreadable));
        lines.extend(named("is set aside", &self.set_aside));
        lines.extend(named("is left to a person", &self.left_to_a_person));
        lines.extend(named("moved each time it was looked at", &self.moving));
        if !lines.is_empty() {
            write!(f, "\n\n{}", lines.join("\n"))?;
        }
        Ok(())
    }
}

fn named(how: &str, rentals: &[Named]) -> impl Iterator<Item = String> {
    rentals
        .iter()
        .map(move |Named { rental_id, what }| format!("{rental_id} {how}: {what}"))
}
