//! Law 11: states move one way, as the outbox tells it, and the row is as the newest transition
//! told it. Only an operator's recorded action changes an end.

use crate::facts::{Facts, is_ended};
use crate::findings::Judge;
use crate::payload::{Payload, payloads};
use db_rental::audit::RentalRows;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental else { return };
    if rental.transitions.is_empty() {
        return;
    }
    law.met();
    let mut told: Vec<Payload> = Vec::new();
    for (row, payload) in payloads(rental) {
        let version = row.version;
        match payload {
            Ok(payload) => {
                law.demand(payload.version == version, || {
                    format!("the row of version {version} tells of {}", payload.version)
                });
                told.push(payload);
            }
            Err(error) => law.demand(false, || {
                format!("version {version} cannot be read: {error}")
            }),
        }
    }
    check_moves(rental, &told, law);
    let row = Payload::of(rental, facts.rental_id);
    if let Some(newest) = told.iter().find(|told| told.version == rental.version) {
        law.demand(*newest == row, || {
            format!(
                "the row is {row:?}, and version {} told {newest:?}",
                newest.version
            )
        });
    }
}

fn check_moves(rental: &RentalRows, told: &[Payload], law: &mut Judge<'_>) {
    if let Some(first) = told.first().filter(|told| told.version == 1) {
        let status = first.status.as_str();
        law.demand(matches!(status, "ACTIVE" | "FAILED"), || {
            format!("its first state is {status}")
        });
    }
    let mut corrections: usize = 0;
    for (from, to) in told.iter().zip(told.iter().skip(1)) {
        let (was, is) = (from.status.as_str(), to.status.as_str());
        let is_correction = is_ended(was) && is_ended(is);
        corrections = corrections.saturating_add(usize::from(is_correction));
        let is_next = to.version.checked_sub(1) == Some(from.version);
        let may_be = is_correction || (was == "ACTIVE" && is_ended(is));
        law.demand(may_be || !is_next, || {
            format!("version {} moved it from {was} to {is}", to.version)
        });
    }
    let actions = rental.operator_actions.iter();
    let finishes = actions
        .filter(|action| action.command.get("command").and_then(|c| c.as_str()) == Some("finish"))
        .count();
    law.demand(corrections <= finishes, || {
        format!("its end was changed {corrections} times, and operators did so {finishes} times")
    });
}
