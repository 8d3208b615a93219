//! Law 13: no billing row is without its rental, and what billing knows of one is what there is, at
//! the version that it has. Once the outbox is empty that is the newest.

use crate::facts::Facts;
use crate::findings::Judge;
use crate::payload::{Payload, payloads};
use db_billing::audit::BillingRows;
use db_rental::audit::RentalRows;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental else {
        if let Some(billing) = facts.billing {
            law.met();
            let status = &billing.status;
            law.demand(false, || {
                format!("billing knows it as {status}, and db-rental does not")
            });
        }
        return;
    };
    if let Some(billing) = facts.billing {
        law.met();
        check_copy(rental, billing, law);
    }
    let copied = rental.transitions.iter().rev();
    let copied = copied
        .filter(|row| row.copied_at.is_some())
        .map(|row| row.version);
    let told = if facts.is_at_rest() && !facts.newest_version_is_set_aside() {
        Some(rental.version)
    } else {
        copied.max()
    };
    let Some(told) = told.filter(|_| rental.started_at.is_some()) else {
        return;
    };
    law.met();
    let known = facts.billing.map(|billing| billing.version);
    law.demand(known >= Some(told), || {
        format!("version {told} was to be told to billing, which has {known:?}")
    });
}

fn check_copy(rental: &RentalRows, billing: &BillingRows, law: &mut Judge<'_>) {
    let (newest, known) = (rental.version, billing.version);
    law.demand(known <= newest, || {
        format!("billing has version {known}, and the newest is {newest}")
    });
    law.demand(rental.started_at.is_some(), || {
        let status = &rental.status;
        format!("billing knows it, and it is {status}")
    });
    let mut told = payloads(rental).filter_map(|(_, payload)| payload.ok());
    let Some(told) = told.find(|payload| payload.version == known) else {
        return;
    };
    let copy = Payload {
        status: billing.status.clone(),
        user_id: billing.user_id.clone(),
        price_per_hour: billing.price_per_hour,
        free_period_min: billing.free_period_min,
        buyout: billing.buyout,
        started_at: Some(billing.started_at),
        finished_at: billing.finished_at,
        total_amount: billing.total_amount,
        ..told.clone()
    };
    law.demand(copy == told, || {
        format!("version {known} told {told:?}, and billing has {copy:?}")
    });
}
