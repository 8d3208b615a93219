//! Law 9: a rental has at most one eject and one hold, and the books tell of those that there were.
//! A bank has at most one open rental that is not flagged.

use crate::books::LedgerRows;
use crate::facts::Facts;
use crate::findings::Judge;
use db_rental::audit::RentalRows;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    if let (Some(rental), Some(ledger)) = (facts.rental, facts.ledger) {
        check_hold(rental, ledger, law);
        check_eject(rental, ledger, law);
    }
    let is_open = |rental: &&RentalRows| rental.status == "ACTIVE" && rental.flagged_at.is_none();
    if let Some(rental) = facts.rental.filter(is_open) {
        law.met();
        law.demand(rental.same_powerbank.is_empty(), || {
            let (bank, others) = (&rental.powerbank_id, &rental.same_powerbank);
            format!("{bank:?} has other open rentals: {others:?}")
        });
    }
}

fn check_hold(rental: &RentalRows, ledger: &LedgerRows, law: &mut Judge<'_>) {
    let holds = ledger.entries_of("hold").count();
    let status = rental.hold_status.as_str();
    let expected = match status {
        "HELD" | "RELEASING" | "RELEASED" => 1..=1,
        // Nobody knows yet.
        "REQUESTED" => 0..=1,
        _ => 0..=0,
    };
    if holds == 0 && *expected.start() == 0 {
        return;
    }
    law.met();
    law.demand(expected.contains(&holds), || {
        format!("its hold is {status}, and the provider made {holds} holds")
    });
}

fn check_eject(rental: &RentalRows, ledger: &LedgerRows, law: &mut Judge<'_>) {
    let ejects = ledger.ejects.len();
    let status = rental.status.as_str();
    let expected = match status {
        // Nobody knows yet.
        "PENDING" => 0..=1,
        "FAILED" => 0..=0,
        _ => 1..=1,
    };
    if ejects == 0 && *expected.start() == 0 {
        return;
    }
    law.met();
    law.demand(expected.contains(&ejects), || {
        format!("it is {status}, and {ejects} power banks were ejected for it")
    });
    for eject in &ledger.ejects {
        let is_told = rental
            .powerbank_id
            .as_deref()
            .is_none_or(|bank| bank == eject.powerbank_id);
        law.demand(is_told && rental.station_id == eject.station_id, || {
            let (station, bank) = (&rental.station_id, &rental.powerbank_id);
            format!("{bank:?} of {station} is rented, and the provider tells of {eject:?}")
        });
    }
}
