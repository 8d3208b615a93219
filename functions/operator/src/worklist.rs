//! What waits for a person.

use crate::Operator;
use db_billing::BillingWorklist;
use db_rental::RentalWorklist;
use serde::Serialize;

/// How much of each kind is listed: the oldest.
const LIMIT: i64 = 100;

/// What waits for a person in both databases. What stands in one that is away is missing.
#[derive(Debug, Serialize)]
pub struct Worklist {
    /// The databases that did not answer.
    pub unavailable: Vec<String>,
    /// In db-rental.
    pub rental: Option<RentalWorklist>,
    /// In db-billing.
    pub billing: Option<BillingWorklist>,
}

impl Operator {
    pub(crate) async fn worklist(&self) -> Worklist {
        let rental = self
            .rentals
            .tx("operator_worklist_rental", async |connection| {
                db_rental::worklist(connection, LIMIT).await
            })
            .await;
        let billing = self
            .billing
            .tx("operator_worklist_billing", async |connection| {
                db_billing::worklist(connection, self.debt_max_age, LIMIT).await
            })
            .await;
        let mut unavailable = Vec::new();
        let rental = rental
            .map_err(|error| unavailable.push(format!("db-rental: {error}")))
            .ok();
        let billing = billing
            .map_err(|error| unavailable.push(format!("db-billing: {error}")))
            .ok();
        Worklist {
            unavailable,
            rental,
            billing,
        }
    }
}
