//! What has to happen before a fault can strike at a step.

use crate::fault::{Db, Fault, Strike};
use crate::history::Operation;
use billing_tick::TickStep;
use operator::OperatorStep;
use reconcile::ReconcileStep;
use runtime::step::Step;
use start::StartStep;
use stop::StopStep;

/// Longer than most rentals take to be bought out.
const UNTIL_A_BUYOUT_SEC: i64 = 6 * 3_600;
/// Longer than anything is free.
const UNTIL_SOMETHING_IS_DUE_SEC: i64 = 300;

/// A flow comes to a step and meets a fault there, after what leads to it.
pub(crate) fn scene(strike: Strike, choice: usize) -> Vec<Operation> {
    let mut scene = lead(strike, choice);
    scene.push(Operation::Ambush { strike, choice });
    scene
}

fn lead(strike: Strike, choice: usize) -> Vec<Operation> {
    use ReconcileStep as R;
    let begun = dies_at(StartStep::Delivered, choice);
    // So that what comes then is alone in its batch, and the next step is in the next task.
    let nothing_left = || dies_at(R::Done, choice);
    let untold = || dies_at(StartStep::Decided, choice);
    let settled = || {
        let ended = dies_at(StopStep::Delivered, choice);
        vec![begun.clone(), ended, dies_at(TickStep::Settled, choice)]
    };
    let asks_for_a_release = strike.is_at(&[StartStep::Decided]) && strike.is_in_a_call();
    if strike.is_at(&[StartStep::ReleaseCalled]) && strike.is_in(Db::Billing) {
        let mut lead = vec![nothing_left()];
        lead.extend(settled());
        lead.extend([
            dies_at(R::ReleaseIntended, choice),
            unheard(R::HoldRead, choice),
        ]);
        lead
    } else if asks_for_a_release || strike.is_at(&[StartStep::ReleaseCalled]) {
        // Not every start has a deposit to be released: two of them are tried.
        let eject = Strike::at(StartStep::EjectIntended, Fault::Refused);
        let refused = || Operation::LieInWait {
            strike: eject,
            choice,
        };
        let other = Operation::Ambush {
            strike,
            choice: choice.rotate_right(16),
        };
        vec![refused(), other, refused()]
    } else if strike.is_at(StopStep::ALL) || strike.is_at(OperatorStep::ALL) {
        vec![begun]
    } else if strike.is_at(TickStep::ALL) {
        vec![begun, Operation::Wait(UNTIL_SOMETHING_IS_DUE_SEC)]
    } else if strike.is_at(&[R::StartsClaimed]) {
        vec![nothing_left(), untold()]
    } else if strike.is_at(&[R::StartRead]) && !strike.is_in_a_call() {
        // Without an eject's intent nothing is asked: the start is undone at once.
        vec![dies_at(StartStep::Begun, choice)]
    } else if strike.is_at(&[R::EjectAsked]) && strike.is_in(Db::Billing) {
        // An end: its copy is a transaction, with a commit to be lost.
        vec![
            nothing_left(),
            begun,
            dies_at(StopStep::Decided, choice),
            dies_at(StartStep::EjectIntended, choice),
            unheard(R::StartRead, choice),
        ]
    } else if strike.is_at(&[R::StartRead, R::EjectAsked, R::StartDecided]) {
        vec![dies_at(StartStep::EjectIntended, choice)]
    } else if strike.is_at(&[R::HoldAsked]) && strike.is_in(Db::Billing) {
        vec![
            nothing_left(),
            dies_at(StartStep::Begun, choice),
            unheard(R::HoldRead, choice),
        ]
    } else if strike.is_at(&[R::HoldRead, R::HoldAsked]) {
        vec![dies_at(StartStep::Begun, choice)]
    } else if strike.is_at(&[R::Copied]) {
        vec![untold()]
    } else if strike.is_at(&[R::BuyoutDecided]) {
        let long = || Operation::Wait(UNTIL_A_BUYOUT_SEC);
        vec![long(), nothing_left(), begun, long()]
    } else if strike.is_at(&[R::ReturnDue, R::ReturnCalled]) {
        vec![begun, dies_at(StopStep::Decided, choice)]
    } else if strike.is_at(&[R::ReleaseIntended]) {
        settled()
    } else {
        Vec::new()
    }
}

/// A flow comes to a step, and its process dies there.
fn dies_at(step: impl Step, choice: usize) -> Operation {
    let strike = Strike::at(step, Fault::Kill);
    Operation::Ambush { strike, choice }
}

/// The next reconcile goes on from the step without an answer: what it asks for stays unknown, and
/// the next task begins.
fn unheard(step: ReconcileStep, choice: usize) -> Operation {
    let strike = Strike::at(step, Fault::ReplyLost);
    Operation::LieInWait { strike, choice }
}
