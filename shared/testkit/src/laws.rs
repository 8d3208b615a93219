//! The laws of money, checked by the audit: both databases against the provider's ledger.

use crate::world::World;
use anyhow::{Result, bail, ensure};
use audit::{Auditor, Report, Rules, When};

/// One rental in all three books. The letters are those of docs/ARCHITECTURE.md.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// In db-rental.
    pub status: String,
    /// `P`: the sum of succeeded attempts.
    pub paid: i64,
    /// `U`: the amount of the open attempt.
    pub open: i64,
    /// `D`: owed, and not in the open attempt.
    pub debt: i64,
    /// `W`: debt that was given up.
    pub written_off: i64,
    /// `R`: refunds owed.
    pub refunded: i64,
    /// `L`: what the provider took, holds apart.
    pub taken: i64,
    /// What the provider still holds.
    pub held: i64,
    /// How many holds the provider made.
    pub holds: i64,
    /// None until the end.
    pub total_amount: Option<i64>,
}

impl World {
    /// What db-rental, db-billing and the provider say of a rental.
    ///
    /// # Errors
    /// When one of them does not answer, or db-rental does not know the rental.
    pub async fn books(&self, rental_id: &str) -> Result<Books> {
        let mut readings = self.auditor().books(&[rental_id.to_owned()]).await?;
        let books = match readings.pop() {
            Some(Ok(books)) => books,
            other => bail!("{rental_id} cannot be read: {other:?}"),
        };
        let (Some(rental), Some(ledger)) = (books.rental, books.ledger) else {
            bail!("{rental_id} is not known");
        };
        let holds = ledger.entries().iter().filter(|row| row.kind == "hold");
        let mut shown = Books {
            status: rental.status,
            taken: ledger.taken(),
            held: ledger.held(),
            holds: i64::try_from(holds.count())?,
            total_amount: rental.total_amount,
            ..Books::default()
        };
        if let Some(billing) = books.billing {
            let sum_of = |status| {
                let attempts = billing.attempts.iter();
                let of_status = attempts.filter(|attempt| attempt.status == status);
                of_status.map(|attempt| attempt.amount).sum()
            };
            shown.paid = sum_of("SUCCEEDED");
            shown.open = sum_of("OPEN");
            shown.debt = billing.debt.as_ref().map_or(0, |debt| debt.amount);
            shown.written_off = billing.written_off;
            shown.refunded = billing.refunds.iter().map(|refund| refund.amount).sum();
        }
        Ok(shown)
    }

    /// The auditor of this world. It goes past the proxies: a test's faults do not reach it.
    #[must_use]
    pub fn auditor(&self) -> Auditor {
        Auditor::new(
            (&self.databases.rental).into(),
            (&self.databases.billing).into(),
            Some(self.stub.audited_ledger()),
        )
    }

    /// Audits every rental there is.
    ///
    /// # Errors
    /// When one of the books cannot be read.
    pub async fn audit(&self, when: When) -> Result<Report> {
        Ok(self.auditor().run(when, Rules::default()).await?)
    }

    /// Checks the laws that hold at any moment, on every rental there is. Returns how many.
    ///
    /// # Errors
    /// Naming each law and the rental that breaks it; also when there was nothing to check.
    pub async fn check_laws(&self) -> Result<u64> {
        clean(&self.audit(When::AnyMoment).await?)
    }

    /// Runs two rounds of tick and reconcile, each past the leases, and checks that every rental's
    /// books are closed: nothing open, nothing held that is not needed, every ended rental billed
    /// to exactly its total.
    ///
    /// # Errors
    /// Naming what is still open, and each law that is broken.
    pub async fn settle_and_check(&self) -> Result<()> {
        self.settle().await?;
        clean(&self.audit(When::AtRest).await?)?;
        Ok(())
    }

    /// Runs two rounds of tick and reconcile, each past the leases: [`When::AtRest`].
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn settle(&self) -> Result<()> {
        for _ in 0..2 {
            self.advance(61).await?;
            self.tick().await?;
            self.reconcile().await?;
        }
        Ok(())
    }
}

/// How many rentals a report is about, which must be clean.
fn clean(report: &Report) -> Result<u64> {
    ensure!(
        !report.checked_nothing(),
        "there is no rental to check a law on"
    );
    ensure!(report.is_clean(), "a law is broken:\n{report}");
    Ok(report.rentals())
}
