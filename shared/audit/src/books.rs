//! One rental in all three books: both databases and the provider's ledger.

use chrono::DateTime;
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;
use serde::Deserialize;

/// One rental, as it stands in both databases and at the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Books {
    /// `rental-…`: also the provider's `order_id`.
    pub rental_id: String,
    /// What db-rental has; none when it does not know the rental.
    pub rental: Option<RentalRows>,
    /// What db-billing has; none when it does not know the rental.
    pub billing: Option<BillingRows>,
    /// What the provider did; none when there is no ledger to look into.
    pub ledger: Option<LedgerRows>,
}

/// What the provider did for one rental.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerRows {
    /// Its order; none when the provider never moved money for it.
    pub order: Option<Order>,
    /// The ejects under the rental's key.
    pub ejects: Vec<Eject>,
}

/// An order, as `/admin/ledger` of the stubs shows it. Amounts are whole currency units.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Order {
    /// The rental.
    pub order_id: String,
    /// Whose money.
    pub user_id: Option<String>,
    /// On hold now.
    pub held: i64,
    /// `L`: cleared so far.
    pub taken: i64,
    /// Every movement, oldest first.
    pub entries: Vec<Entry>,
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// `hold`, `clear` or `release`.
    pub kind: String,
    /// The `Idempotency-Key` under which it was asked for.
    pub key: Option<String>,
    /// How much moved.
    pub amount: i64,
}

/// One power bank that left its station, as `/admin/ejects` of the stubs shows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Eject {
    /// Counts the ejects.
    pub seq: u64,
    /// The `Idempotency-Key` under which it was asked for.
    pub key: Option<String>,
    /// Out of which station.
    pub station_id: String,
    /// Which one.
    pub powerbank_id: String,
}

impl Books {
    /// Whether nothing but the time has passed between this reading and a later one. What is
    /// written is never unwritten, so that all three books of two equal readings are of one moment,
    /// although they are read one after the other.
    #[must_use]
    pub fn are_still(&self, later: &Self) -> bool {
        self.without_time() == later.without_time()
    }

    fn without_time(&self) -> Self {
        let mut books = self.clone();
        if let Some(rental) = &mut books.rental {
            rental.now = DateTime::UNIX_EPOCH;
            rental.lease_until = None;
        }
        if let Some(billing) = &mut books.billing {
            billing.now = DateTime::UNIX_EPOCH;
            billing.lease_until = None;
        }
        books
    }
}

impl LedgerRows {
    /// Every movement of money, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.order.as_ref().map_or(&[], |order| &order.entries)
    }

    /// The movements of one kind.
    pub(crate) fn entries_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries()
            .iter()
            .filter(move |entry| entry.kind == kind)
    }

    /// `L`: what was taken, holds apart.
    #[must_use]
    pub fn taken(&self) -> i64 {
        self.order.as_ref().map_or(0, |order| order.taken)
    }

    /// What is on hold.
    #[must_use]
    pub fn held(&self) -> i64 {
        self.order.as_ref().map_or(0, |order| order.held)
    }
}
