//! Law 8: the same key gives the same answer: what is stored under a key agrees with the rental.

use crate::facts::{Facts, is_ended};
use crate::findings::Judge;
use crate::payload::Payload;
use chrono::{DateTime, Utc};
use db_rental::audit::{KeyRow, RentalRows};
use serde::Deserialize;

#[derive(Deserialize)]
struct Started {
    rental_id: String,
    powerbank_id: String,
    status: String,
    started_at: DateTime<Utc>,
    total_amount: i64,
}

#[derive(Deserialize)]
struct Stopped {
    rental_id: String,
    status: String,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    total_amount: i64,
    duration_minutes: i64,
}

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental else { return };
    for row in &rental.keys {
        let KeyRow {
            endpoint,
            key,
            status,
            response,
        } = row;
        let Some(response) = response else {
            law.demand(rental.status == "PENDING", || {
                let now = &rental.status;
                format!("the {endpoint} under {key} has no answer, and the rental is {now}")
            });
            continue;
        };
        law.met();
        let agrees = match (endpoint.as_str(), status) {
            ("start", Some(200)) => is_start_of(response, rental, facts.rental_id),
            ("start", Some(_)) => rental.status == "FAILED",
            ("stop", Some(200)) => is_stop_of(response, rental, facts.rental_id),
            _ => false,
        };
        law.demand(agrees, || {
            let (now, since) = (&rental.status, rental.started_at);
            let end = (rental.finished_at, rental.total_amount);
            format!(
                "the {endpoint} under {key} answers {status:?} {response}, and the rental is \
                 {now}, started {since:?}, ended {end:?}"
            )
        });
    }
}

fn is_start_of(response: &str, rental: &RentalRows, rental_id: &str) -> bool {
    let Ok(answer) = serde_json::from_str::<Started>(response) else {
        return false;
    };
    answer.rental_id == rental_id
        && answer.status == "ACTIVE"
        && answer.total_amount == 0
        && Some(answer.started_at) == rental.started_at
        && Some(answer.powerbank_id) == rental.powerbank_id
}

/// An operator may have corrected the end since: the answer is one that the rental had.
fn is_stop_of(response: &str, rental: &RentalRows, rental_id: &str) -> bool {
    let Ok(answer) = serde_json::from_str::<Stopped>(response) else {
        return false;
    };
    let lasted = answer.finished_at.signed_duration_since(answer.started_at);
    // Also by a transition that billing refuses.
    let told = rental.transitions.iter().map(Payload::read);
    let had_this_end = told.filter_map(Result::ok).any(|payload| {
        is_ended(&payload.status)
            && payload.status == answer.status
            && payload.finished_at == Some(answer.finished_at)
            && payload.total_amount == Some(answer.total_amount)
    });
    answer.rental_id == rental_id
        && Some(answer.started_at) == rental.started_at
        && answer.duration_minutes == lasted.num_minutes()
        && had_this_end
}
