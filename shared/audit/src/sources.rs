//! The three books: db-rental, db-billing and the provider's ledger.

use crate::books::Order;
use crate::error::AuditError;
use crate::ledger::Ledger;
use crate::pages::{PAGE, Source};
use db::Database;
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;
use uuid::Uuid;

/// A rental's rows in one of the databases; an error says why they cannot be read.
pub(crate) type Read<T> = (Uuid, Result<T, String>);

const PREFIX: &str = "rental-";

/// db-rental.
pub(crate) struct Rentals<'a>(pub(crate) &'a Database);

/// db-billing.
pub(crate) struct Billing<'a>(pub(crate) &'a Database);

/// The ledger; without one there are no orders.
pub(crate) struct Orders<'a>(pub(crate) Option<&'a Ledger>);

impl Rentals<'_> {
    pub(crate) async fn read(
        &self,
        after: Option<Uuid>,
        only: Option<&[Uuid]>,
        limit: usize,
    ) -> Result<Vec<Read<RentalRows>>, AuditError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = self.0.statement("audit_rentals", async |connection| {
            db_rental::audit::rentals(connection, after, only, limit).await
        });
        read.await.map_err(|source| AuditError::Database {
            name: "db-rental",
            source,
        })
    }
}

impl Billing<'_> {
    pub(crate) async fn read(
        &self,
        after: Option<Uuid>,
        only: Option<&[Uuid]>,
        limit: usize,
    ) -> Result<Vec<Read<BillingRows>>, AuditError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = self.0.statement("audit_billing", async |connection| {
            db_billing::audit::rentals(connection, after, only, limit).await
        });
        read.await.map_err(|source| AuditError::Database {
            name: "db-billing",
            source,
        })
    }
}

impl Source for Rentals<'_> {
    type Row = Read<RentalRows>;

    fn id(row: &Self::Row) -> String {
        shown(row.0)
    }

    async fn page(&self, after: Option<&str>) -> Result<Vec<Self::Row>, AuditError> {
        self.read(after.and_then(uuid), None, PAGE).await
    }
}

impl Source for Billing<'_> {
    type Row = Read<BillingRows>;

    fn id(row: &Self::Row) -> String {
        shown(row.0)
    }

    async fn page(&self, after: Option<&str>) -> Result<Vec<Self::Row>, AuditError> {
        self.read(after.and_then(uuid), None, PAGE).await
    }
}

impl Source for Orders<'_> {
    type Row = Order;

    fn id(row: &Self::Row) -> String {
        row.order_id.clone()
    }

    async fn page(&self, after: Option<&str>) -> Result<Vec<Self::Row>, AuditError> {
        match self.0 {
            Some(ledger) => ledger.orders(after, PAGE).await,
            None => Ok(Vec::new()),
        }
    }
}

/// A rental's id as the API and the provider know it. Their order is that of the UUIDs.
fn shown(rental_id: Uuid) -> String {
    format!("{PREFIX}{rental_id}")
}

/// The UUID beneath a rental's id; none for an order that is no rental's.
pub(crate) fn uuid(rental_id: &str) -> Option<Uuid> {
    rental_id.strip_prefix(PREFIX)?.parse().ok()
}
