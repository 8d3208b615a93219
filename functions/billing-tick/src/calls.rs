//! The calls of one batch: side by side, outside any transaction, while the leases are kept.

use crate::{BillingTick, TickStep};
use db_billing::Claimed;
use domain::{Intent, OpenAttempt, Outcome, RentalId, UserId};
use futures::StreamExt;
use runtime::step::reached;
use std::time::Duration;

/// With it a batch of 128 calls that all time out takes 6 s: twice the time-out of one.
const CONCURRENT_CALLS: usize = 64;
/// Leases last 20 s.
const RENEW_LEASES_EVERY: Duration = Duration::from_secs(5);

/// An attempt to be asked about.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) rental_id: RentalId,
    pub(crate) user_id: UserId,
    pub(crate) attempt: OpenAttempt,
}

/// An attempt that was asked about.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) call: Call,
    pub(crate) outcome: Outcome,
}

impl BillingTick {
    /// Makes all calls, each once.
    pub(crate) async fn call_all(&self, claimed: &Claimed, calls: Vec<Call>) -> Vec<Called> {
        let calls =
            runtime::side_by_side(calls, CONCURRENT_CALLS, |call| self.call(call)).collect();
        tokio::select! {
            called = calls => called,
            never = self.keep_renewing(claimed) => never,
        }
    }

    /// Beside the calls, never between them: an answer must not wait for a slow database.
    async fn keep_renewing(&self, claimed: &Claimed) -> Vec<Called> {
        loop {
            tokio::time::sleep(RENEW_LEASES_EVERY).await;
            let renewal = runtime::side_by_side([claimed], 1, |claimed| self.renew(claimed));
            renewal.collect::<()>().await;
        }
    }

    async fn call(&self, call: Call) -> Called {
        let OpenAttempt {
            attempt_id, amount, ..
        } = call.attempt;
        let intent = Intent {
            id: attempt_id,
            expires_at: call.attempt.expires_at(),
        };
        reached(TickStep::Calling).await;
        let outcome = self
            .payments
            .clear(intent, &call.user_id, call.rental_id, amount)
            .await;
        reached(TickStep::Answered).await;
        Called { call, outcome }
    }

    /// A lease that is lost all the same shows when the outcome is written: then nothing is.
    async fn renew(&self, claimed: &Claimed) {
        let renewed = self
            .billing
            .statement("tick_renew", async |c| {
                db_billing::renew_leases(c, claimed).await
            })
            .await;
        if let Err(error) = renewed {
            tracing::warn!(%error, "the leases are not renewed");
        }
    }
}
