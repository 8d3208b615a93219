//! A report as an aligned table.

use crate::report::{LawReport, Named, Report};
use std::fmt;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let laws: Vec<LawReport> = self.laws().collect();
        let widest = laws.iter().map(|law| law.title.len()).max().unwrap_or(0);
        writeln!(f, "law  {:widest$}  checked  broken", "")?;
        for law in laws {
            let LawReport {
                title,
                checked,
                violations,
                ..
            } = law;
            let number = law.law.number();
            write!(
                f,
                "{number:>3}  {title:widest$}  {checked:>7}  {violations:>6}"
            )?;
            match law.note {
                Some(note) => writeln!(f, "  {note}")?,
                None => writeln!(f)?,
            }
        }
        for violation in &self.violations {
            let (number, what) = (violation.law.number(), &violation.what);
            write!(f, "\n{} breaks law {number}: {what}", violation.rental_id)?;
        }
        named(f, "cannot be read", &self.unreadable)?;
        named(f, "is set aside", &self.set_aside)?;
        named(f, "is left to a person", &self.left_to_a_person)?;
        named(f, "moved each time it was looked at", &self.moving)
    }
}

fn named(f: &mut fmt::Formatter<'_>, how: &str, rentals: &[Named]) -> fmt::Result {
    for Named { rental_id, what } in rentals {
        write!(f, "\n{rental_id} {how}: {what}")?;
    }
    Ok(())
}
