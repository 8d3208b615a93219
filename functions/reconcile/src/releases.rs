//! Holds that have done their duty: those of failed starts, and of ended rentals of which nothing is
//! owed or unknown.
//!
//! Billing tells of each rental once, when its books close; nobody asks again and again about one
//! that owes for months. A hold that turns out to stand only after the rental's end may have missed
//! that: billing is asked about it, once. If the books are open then, they close later, and are
//! told of later.

use crate::{Reconcile, ReconcileStep};
use db::DbError;
use domain::RentalId;
use runtime::step::reached;
use tokio::time::Instant;

const BATCH: i64 = 500;

impl Reconcile {
    /// Intends the release of every hold that has done its duty.
    pub(crate) async fn intend_releases(&self, done_by: Instant) -> Result<(), DbError> {
        // Holds of failed starts are among them: those wait for nobody.
        let late = self.release_held_late(done_by).await;
        self.release_settled(done_by).await?;
        late
    }

    /// Takes what billing tells.
    async fn release_settled(&self, done_by: Instant) -> Result<(), DbError> {
        while Instant::now() < done_by {
            let settled = self
                .billing
                .statement("releases_due", async |c| {
                    db_billing::releases_due(c, BATCH).await
                })
                .await?;
            if settled.is_empty() {
                break;
            }
            self.intend(&settled).await?;
            self.billing
                .tx("release_told", async |c| {
                    db_billing::release_told(c, &settled).await
                })
                .await?;
        }
        Ok(())
    }

    /// Looks after the holds that turned out to stand after the end.
    async fn release_held_late(&self, done_by: Instant) -> Result<(), DbError> {
        let mut after = None;
        let mut undone = None;
        while Instant::now() < done_by {
            let late = self
                .rentals
                .statement("held_late", async |c| {
                    db_rental::held_late(c, after, BATCH).await
                })
                .await?;
            let Some(last) = late.last() else { break };
            after = Some(last.rental_id);
            let of = |has_failed| {
                late.iter()
                    .filter(move |rental| rental.has_failed == has_failed)
                    .map(|rental| rental.rental_id)
                    .collect::<Vec<_>>()
            };
            self.intend(&of(true)).await?;
            if let Err(error) = self.ask_billing(&of(false)).await {
                undone = Some(error);
            }
        }
        undone.map_or(Ok(()), Err)
    }

    async fn ask_billing(&self, ended: &[RentalId]) -> Result<(), DbError> {
        if ended.is_empty() {
            return Ok(());
        }
        let settled = self
            .billing
            .statement("settled", async |c| {
                db_billing::settled_rentals(c, ended).await
            })
            .await?;
        self.intend(&settled).await?;
        self.rentals
            .tx("asked_about_release", async |c| {
                db_rental::asked_about_release(c, ended).await
            })
            .await
    }

    async fn intend(&self, rental_ids: &[RentalId]) -> Result<(), DbError> {
        if rental_ids.is_empty() {
            return Ok(());
        }
        self.rentals
            .tx("hold_release_intent", async |c| {
                db_rental::begin_releases(c, rental_ids, runtime::fresh_id).await
            })
            .await?;
        reached(ReconcileStep::ReleaseIntended).await;
        Ok(())
    }
}
