//! Reading the three books side by side, and judging what they say.

use crate::books::{Books, Eject, LedgerRows, Order};
use crate::error::AuditError;
use crate::law::Law;
use crate::laws::check;
use crate::ledger::{Ejects, Ledger};
use crate::pages::{PAGE, Pages};
use crate::report::{Named, Report};
use crate::rules::{Rules, When};
use crate::sources::{Billing, Orders, Rentals, uuid};
use db::Database;
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// How often a suspect is looked at again.
const LOOKS: u32 = 3;
/// Longer than a flow takes between two of its writes, unless something is slow.
const PAUSE: Duration = Duration::from_millis(250);

/// Audits two databases and, where there is one, the provider's ledger.
///
/// A run reads each of them page by page, in the same order, and keeps one page of each: for ten
/// rentals that is one statement a database and two requests.
#[derive(Clone, Debug)]
pub struct Auditor {
    rentals: Database,
    billing: Database,
    ledger: Option<Ledger>,
    moves: bool,
}

/// What was read of one rental.
struct Rows {
    rental_id: String,
    order: Option<Order>,
    billing: Option<Result<BillingRows, String>>,
    rental: Option<Result<RentalRows, String>>,
}

/// One rental's books, or why they cannot be read.
type Reading = Result<Books, Named>;

impl Auditor {
    /// An auditor of a system in which nothing moves while it reads. Without a ledger some laws are
    /// not checked, and the report says which.
    #[must_use]
    pub const fn new(rentals: Database, billing: Database, ledger: Option<Ledger>) -> Self {
        Self {
            rentals,
            billing,
            ledger,
            moves: false,
        }
    }

    /// The auditor of a system that goes on moving. It reads the three books one after the other,
    /// so that a flow may write in between: whatever looks wrong is read again, up to three times, a
    /// quarter of a second apart, and reported only if it stood still between two readings. What
    /// never stands still is named in [`Report::moving`].
    #[must_use]
    pub fn of_a_moving_system(self) -> Self {
        Self {
            moves: true,
            ..self
        }
    }

    /// Audits every rental there is.
    ///
    /// # Errors
    /// [`AuditError`] when one of the books cannot be read to its end.
    pub async fn run(&self, when: When, rules: Rules) -> Result<Report, AuditError> {
        self.run_telling(when, rules, |_| {}).await
    }

    /// Audits every rental there is, and tells again and again how many it has looked at.
    ///
    /// # Errors
    /// [`AuditError`] when one of the books cannot be read to its end.
    pub async fn run_telling(
        &self,
        when: When,
        rules: Rules,
        tell: impl Fn(u64),
    ) -> Result<Report, AuditError> {
        let mut report = match self.ledger {
            Some(_) => Report::default(),
            None => Report::without_ledger(),
        };
        // What the provider did was intended before, and billing is told of what there is: in this
        // order each book knows at least what the one before it presupposes.
        let mut ejects = match &self.ledger {
            Some(ledger) => ledger.ejects().await?,
            None => Ejects::default(),
        };
        let mut orders = Pages::of(Orders(self.ledger.as_ref()));
        let mut billing = Pages::of(Billing(&self.billing));
        let mut rentals = Pages::of(Rentals(&self.rentals));
        let mut suspects = Vec::new();
        loop {
            let heads = [
                orders.next_id().await?,
                billing.next_id().await?,
                rentals.next_id().await?,
            ];
            let Some(rental_id) = heads.into_iter().flatten().min().map(str::to_owned) else {
                break;
            };
            let rows = Rows {
                order: orders.take(&rental_id),
                billing: billing.take(&rental_id).map(|(_, rows)| rows),
                rental: rentals.take(&rental_id).map(|(_, rows)| rows),
                rental_id,
            };
            let ejects = rows.eject_key().map(|key| ejects.take(&key));
            let reading = self.reading(rows, ejects.unwrap_or_default());
            suspects.extend(self.judge(reading, when, rules, &mut report));
            if suspects.len() >= PAGE {
                let suspects = std::mem::take(&mut suspects);
                self.look_again(suspects, when, rules, &mut report).await?;
            }
            tell(report.rentals());
        }
        self.look_again(suspects, when, rules, &mut report).await?;
        tell(report.rentals());
        // One that cannot be read may have intended what nobody else did.
        if report.unreadable.is_empty() {
            for eject in ejects.left() {
                let what = format!("the provider made {eject:?}, which nobody intended");
                report.violate(Law::Intents, "no rental", what);
            }
        }
        Ok(report)
    }

    /// Reads the books of some rentals, in the order of their ids. One that is not known anywhere
    /// has empty books.
    ///
    /// # Errors
    /// [`AuditError`] when one of the books does not answer.
    pub async fn books(&self, rental_ids: &[String]) -> Result<Vec<Reading>, AuditError> {
        let ids: Vec<Uuid> = rental_ids.iter().filter_map(|id| uuid(id)).collect();
        let mut orders = HashMap::new();
        if let Some(ledger) = &self.ledger {
            for rental_id in rental_ids {
                orders.insert(rental_id, ledger.order(rental_id).await?);
            }
        }
        let (billing, rentals) = (Billing(&self.billing), Rentals(&self.rentals));
        let billing = billing.read(None, Some(&ids), ids.len()).await?;
        let mut billing: HashMap<Uuid, _> = billing.into_iter().collect();
        let rentals = rentals.read(None, Some(&ids), ids.len()).await?;
        let mut rentals: HashMap<Uuid, _> = rentals.into_iter().collect();
        let mut readings = Vec::with_capacity(rental_ids.len());
        for rental_id in rental_ids {
            let id = uuid(rental_id);
            let rows = Rows {
                rental_id: rental_id.clone(),
                order: orders.remove(rental_id).flatten(),
                billing: id.and_then(|id| billing.remove(&id)),
                rental: id.and_then(|id| rentals.remove(&id)),
            };
            let ejects = match (&self.ledger, rows.eject_key()) {
                (Some(ledger), Some(key)) => ledger.ejects_under(&key).await?,
                _ => Vec::new(),
            };
            readings.push(self.reading(rows, ejects));
        }
        Ok(readings)
    }

    /// Puts what was read of one rental together.
    fn reading(&self, rows: Rows, ejects: Vec<Eject>) -> Reading {
        let Rows {
            rental_id,
            order,
            billing,
            rental,
        } = rows;
        let unreadable = |database| {
            let rental_id = rental_id.clone();
            move |why| Named {
                rental_id,
                what: format!("{database}: {why}"),
            }
        };
        Ok(Books {
            rental: rental.transpose().map_err(unreadable("db-rental"))?,
            billing: billing.transpose().map_err(unreadable("db-billing"))?,
            ledger: self
                .ledger
                .is_some()
                .then_some(LedgerRows { order, ejects }),
            rental_id,
        })
    }

    /// Reports on one rental, unless it has to be looked at again.
    fn judge(
        &self,
        reading: Reading,
        when: When,
        rules: Rules,
        report: &mut Report,
    ) -> Option<Books> {
        match reading {
            Ok(books) => {
                let findings = check(&books, rules, when);
                if self.moves && !findings.are_clean() {
                    return Some(books);
                }
                report.add(&books.rental_id, findings);
            }
            Err(unreadable) => report.add_unreadable(unreadable),
        }
        None
    }

    /// Reads suspects again until they are clean or stand still.
    async fn look_again(
        &self,
        mut suspects: Vec<Books>,
        when: When,
        rules: Rules,
        report: &mut Report,
    ) -> Result<(), AuditError> {
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
            let ids: Vec<String> = suspects
                .iter()
                .map(|books| books.rental_id.clone())
                .collect();
            let readings = self.books(&ids).await?;
            let mut moving = Vec::new();
            for (before, reading) in suspects.iter().zip(readings) {
                match reading {
                    Ok(books) => {
                        let findings = check(&books, rules, when);
                        if findings.are_clean() || before.are_still(&books) {
                            report.add(&books.rental_id, findings);
                        } else {
                            moving.push(books);
                        }
                    }
                    Err(unreadable) => report.add_unreadable(unreadable),
                }
            }
            suspects = moving;
        }
        for books in suspects {
            report.add_moving(&books.rental_id, check(&books, rules, when));
        }
        Ok(())
    }
}

impl Rows {
    fn eject_key(&self) -> Option<String> {
        let rental = self.rental.as_ref()?.as_ref().ok()?;
        rental.eject_id.map(|id| id.to_string())
    }
}
