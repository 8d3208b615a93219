//! Law 11: states move one way, as the outbox tells it, and the row is as the newest transition
//! told it. Only an operator's recorded action changes an end: one that was recorded in the same
//! transaction, and so at the same moment.

use crate::facts::{Facts, is_ended};
use crate::findings::Judge;
use crate::payload::{Payload, payloads};
use chrono::{DateTime, Utc};
use db_rental::audit::RentalRows;

/// What a transition told, and when it was written down.
struct Told {
    payload: Payload,
    at: DateTime<Utc>,
}

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental else { return };
    if rental.transitions.is_empty() {
        return;
    }
    law.met();
    let mut told: Vec<Told> = Vec::new();
    for (row, payload) in payloads(rental) {
        let version = row.version;
        match payload {
            Ok(payload) => {
                law.demand(payload.version == version, || {
                    format!("the row of version {version} tells of {}", payload.version)
                });
                told.push(Told {
                    payload,
                    at: row.created_at,
                });
            }
            Err(error) => law.demand(false, || {
                format!("version {version} cannot be read: {error}")
            }),
        }
    }
    check_moves(&told, law);
    check_corrections(rental, &told, law);
    let row = Payload::of(rental, facts.rental_id);
    if let Some(newest) = told
        .iter()
        .map(|told| &told.payload)
        .find(|newest| newest.version == rental.version)
    {
        law.demand(*newest == row, || {
            format!(
                "the row is {row:?}, and version {} told {newest:?}",
                newest.version
            )
        });
    }
}

fn check_moves(told: &[Told], law: &mut Judge<'_>) {
    let first = told.first().map(|told| &told.payload);
    if let Some(first) = first.filter(|first| first.version == 1) {
        let status = first.status.as_str();
        law.demand(matches!(status, "ACTIVE" | "FAILED"), || {
            format!("its first state is {status}")
        });
    }
    for (from, to) in moves(told) {
        let (was, is) = (from.payload.status.as_str(), to.payload.status.as_str());
        let (before, version) = (from.payload.version, to.payload.version);
        let is_next = version.checked_sub(1) == Some(before);
        let may_be = is_correction((from, to)) || (was == "ACTIVE" && is_ended(is));
        law.demand(may_be || !is_next, || {
            format!("version {version} moved it from {was} to {is}")
        });
    }
}

/// No moment knows of more changes of the end than of commands to change it.
fn check_corrections(rental: &RentalRows, told: &[Told], law: &mut Judge<'_>) {
    let corrections = moves(told).filter(|told| is_correction(*told));
    let corrections: Vec<&Told> = corrections.map(|(_, to)| to).collect();
    let actions = rental.operator_actions.iter();
    let finishes = actions
        .filter(|action| action.command.get("command").and_then(|c| c.as_str()) == Some("finish"));
    let finishes: Vec<DateTime<Utc>> = finishes.map(|action| action.created_at).collect();
    for correction in &corrections {
        let at = correction.at;
        let changed = corrections.iter().filter(|other| other.at == at).count();
        let commanded = finishes.iter().filter(|moment| **moment == at).count();
        law.demand(changed <= commanded, || {
            let version = correction.payload.version;
            format!(
                "version {version} changed its end at {at}: changes of that moment {changed}, \
                 commands to do so {commanded}"
            )
        });
    }
}

/// Each two transitions in a row.
fn moves(told: &[Told]) -> impl Iterator<Item = (&Told, &Told)> {
    told.iter().zip(told.iter().skip(1))
}

fn is_correction((from, to): (&Told, &Told)) -> bool {
    is_ended(&from.payload.status) && is_ended(&to.payload.status)
}
