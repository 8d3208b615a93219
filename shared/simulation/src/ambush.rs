//! Flows that begin in order to come to a step, and meet a fault there.

use crate::choice::pick;
use crate::fault::{Db, Strike};
use crate::flow::Invocation;
use crate::going::MOST_STEPS;
use crate::history::Command;
use crate::play::Play;
use crate::stage::PAST_A_LEASE_SEC;
use anyhow::Result;
use billing_tick::TickStep;
use operator::OperatorStep;
use reconcile::ReconcileStep;
use start::StartStep;
use stop::StopStep;

/// What a person says that changes rentals: the first nearly always does, so it is said most.
const CHANGES: [Command; 9] = [
    Command::Finish(0),
    Command::Finish(0),
    Command::Finish(0),
    Command::Finish(0),
    Command::Finish(10),
    Command::Requeue,
    Command::Flagged,
    Command::ResolveEject,
    Command::ResolveHold,
];
/// What a person says that changes the bills.
const CHANGES_OF_BILLS: [Command; 4] = [
    Command::MarkRefundPaid,
    Command::ResolveAttempt,
    Command::RetryDebt,
    Command::WriteOffDebt,
];

impl Play {
    /// A flow begins, and goes on until it stands where the fault is to strike, or is over.
    pub(crate) async fn ambush(&mut self, strike: Strike, choice: usize) -> Result<()> {
        let before = self.begun;
        self.begin_towards(strike, choice).await?;
        if self.begun == before {
            return Ok(());
        }
        let flow = self.begun;
        for _ in 0..MOST_STEPS {
            let places = self.places(flow);
            let there = places.iter().find(|place| place.step == strike.step);
            if self.is_over() {
                return Ok(());
            }
            match (there, places.first()) {
                (Some(there), _) => {
                    return self.go_on_under(strike.fault, flow, *there, choice).await;
                }
                (None, Some(elsewhere)) => self.go_on_from(flow, *elsewhere).await?,
                (None, None) => return Ok(()),
            }
        }
        anyhow::bail!("flow {flow} never comes to an end");
    }

    /// Begins a flow of those that can come to a step, where there is something for it to do.
    async fn begin_towards(&mut self, strike: Strike, choice: usize) -> Result<()> {
        let another_choice = choice.rotate_right(8);
        let is_in_reconcile =
            strike.is_at(&[StartStep::ReleaseCalled]) && strike.is_in(Db::Billing);
        if is_in_reconcile || strike.is_at(ReconcileStep::ALL) {
            self.wait(PAST_A_LEASE_SEC).await?;
            self.set_off(Invocation::Reconcile).await
        } else if strike.is_at(StartStep::ALL) {
            self.rent(choice, another_choice).await
        } else if strike.is_at(StopStep::ALL) {
            match self.stage.running(choice).await? {
                Some(rental_id) => self.begin_stop(rental_id, another_choice).await,
                None => Ok(()),
            }
        } else if strike.is_at(TickStep::ALL) {
            self.next_tick().await
        } else if strike.is_at(&[OperatorStep::Received]) && strike.is_in(Db::Billing)
            || another_choice.is_multiple_of(4)
        {
            self.change(&CHANGES_OF_BILLS, choice, another_choice).await
        } else {
            self.change(&CHANGES, choice, another_choice).await
        }
    }

    /// The first command, from the chosen one on, that there is something to be said about.
    async fn change(&mut self, changes: &[Command], command: usize, choice: usize) -> Result<()> {
        for next in 0..changes.len() {
            let Some(change) = pick(changes, command.wrapping_add(next)) else {
                break;
            };
            if let Some(said) = self.stage.said(*change, choice).await? {
                return self.set_off(Invocation::Operator(said)).await;
            }
        }
        Ok(())
    }
}
