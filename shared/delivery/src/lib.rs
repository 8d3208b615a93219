//! Delivers db-rental's outbox to db-billing: one row at once, right after its transition, and
//! whatever a fault left behind in batches.
//!
//! A row is delivered at least once; a repeat changes nothing, because billing takes only what is
//! newer than what it has.

use db::{Connection, Database, DbError};
use db_billing::RentalCopy;
use db_rental::Delivery;
use domain::RentalEvent;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// A process does not wait longer for billing before it serves the next request: what does not
/// arrive in time, reconcile delivers.
const AT_ONCE_TIMEOUT: Duration = Duration::from_millis(250);
const BATCH: i64 = 500;

/// What a delivery of all that waited did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Rows that billing now knows.
    pub copied: usize,
    /// Rows that billing refuses, each set aside alone.
    pub set_aside: usize,
}

/// Tells billing of one transition, if it answers quickly; otherwise the row waits for reconcile.
pub async fn copy_at_once(
    rentals: &Database,
    billing: &Database,
    event_id: Uuid,
    event: RentalEvent,
) {
    let delivery = Delivery {
        event_id,
        event: Ok(event),
    };
    let copy = copy_batch(rentals, billing, std::slice::from_ref(&delivery));
    match tokio::time::timeout(AT_ONCE_TIMEOUT, copy).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the copy waits for reconcile"),
        Err(_) => tracing::warn!("billing is slow; the copy waits for reconcile"),
    }
}

/// Tells billing of every transition that waits, until `done_by` has come.
///
/// # Errors
/// [`DbError`] when one of the databases is away; what was delivered before stays delivered.
pub async fn copy_all(
    rentals: &Database,
    billing: &Database,
    done_by: Instant,
) -> Result<Delivered, DbError> {
    let mut delivered = Delivered::default();
    while Instant::now() < done_by {
        let waiting = rentals
            .statement("outbox_to_copy", async |connection| {
                db_rental::to_copy(connection, BATCH).await
            })
            .await?;
        if waiting.is_empty() {
            break;
        }
        let done = copy_or_set_aside(rentals, billing, &waiting).await?;
        delivered.copied = delivered.copied.saturating_add(done.copied);
        delivered.set_aside = delivered.set_aside.saturating_add(done.set_aside);
    }
    Ok(delivered)
}

/// Delivers a batch; a row that billing refuses is set aside alone.
async fn copy_or_set_aside(
    rentals: &Database,
    billing: &Database,
    waiting: &[Delivery],
) -> Result<Delivered, DbError> {
    let halved = db::in_halves(waiting, async |part| {
        copy_batch(rentals, billing, part).await
    })
    .await?;
    for (delivery, error) in &halved.bad {
        tracing::error!(event_id = %delivery.event_id, %error, "billing refuses a transition");
        set_aside(rentals, delivery.event_id, &error.to_string()).await?;
    }
    let set_aside = halved.bad.len();
    Ok(Delivered {
        copied: waiting.len().saturating_sub(set_aside),
        set_aside,
    })
}

async fn copy_batch(
    rentals: &Database,
    billing: &Database,
    batch: &[Delivery],
) -> Result<(), DbError> {
    let mut copies = Vec::with_capacity(batch.len());
    for delivery in batch {
        let event = delivery.event.clone().map_err(|why| DbError::Refused {
            constraint: None,
            why,
        })?;
        copies.extend(RentalCopy::of(event)?);
    }
    let upsert =
        async |connection: &mut Connection| db_billing::upsert_copies(connection, &copies).await;
    if copies.iter().any(RentalCopy::is_ended) {
        billing.tx("copy_rentals", upsert).await?;
    } else {
        billing.statement("copy_rentals", upsert).await?;
    }
    let event_ids: Vec<Uuid> = batch.iter().map(|delivery| delivery.event_id).collect();
    rentals
        .statement("outbox_copied", async |connection| {
            db_rental::copied(connection, &event_ids).await
        })
        .await
}

async fn set_aside(rentals: &Database, event_id: Uuid, why: &str) -> Result<(), DbError> {
    rentals
        .tx("outbox_set_aside", async |connection| {
            db_rental::set_aside_copy(connection, event_id, why).await
        })
        .await
}
