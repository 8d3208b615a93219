//! The calls of one batch: all side by side, outside any transaction. Together they take no longer
//! than the time-out of one, 3 s: the leases, of 20 s, outlast them.

use crate::batch::BATCH;
use crate::{BillingTick, TickStep};
use domain::{Intent, OpenAttempt, Outcome, RentalId, UserId};
use futures::StreamExt;
use runtime::step::reached;

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
    pub(crate) async fn call_all(&self, calls: Vec<Call>) -> Vec<Called> {
        runtime::side_by_side(calls, BATCH.into(), |call| self.call(call))
            .collect()
            .await
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
}
