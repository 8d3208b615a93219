//! Law 6: an intent is there before its call, and one key has one amount and at most one effect.
//! Whatever the provider did, it did under a key that stands in the books. A hold, a release and an
//! eject may get a new key after the provider said that the old one expired: it never acts on that,
//! so what it acted on is the one that stands there now.

use crate::books::Entry;
use crate::facts::Facts;
use crate::findings::Judge;
use std::collections::BTreeMap;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(ledger) = facts.ledger else { return };
    if ledger.entries().is_empty() && ledger.ejects.is_empty() {
        return;
    }
    law.met();
    for entry in ledger.entries() {
        let Entry { kind, key, amount } = entry;
        let intended = intended_amount(facts, entry);
        law.demand(intended.is_some(), || {
            format!("the provider made a {kind} of {amount} under {key:?}, which nobody intended")
        });
        law.demand(intended.is_none_or(|wanted| wanted == *amount), || {
            format!(
                "the provider made a {kind} of {amount} under {key:?}, intended was {intended:?}"
            )
        });
    }
    let mut effects: BTreeMap<&str, u32> = BTreeMap::new();
    let money = ledger.entries().iter().map(|entry| &entry.key);
    let keys = money.chain(ledger.ejects.iter().map(|eject| &eject.key));
    for key in keys.flatten() {
        let times = effects.entry(key.as_str()).or_default();
        *times = times.saturating_add(1);
    }
    for (key, times) in effects {
        law.demand(times == 1, || format!("key {key} had {times} effects"));
    }
    let user = facts.rental.map(|rental| rental.user_id.as_str());
    let charged = ledger.order.as_ref().and_then(|o| o.user_id.as_deref());
    law.demand(
        charged.is_none() || user.is_none() || charged == user,
        || format!("the provider moved the money of {charged:?}, and {user:?} rents"),
    );
}

/// The amount of the intent that stands in the books under an effect's key.
fn intended_amount(facts: &Facts<'_>, entry: &Entry) -> Option<i64> {
    let key = entry.key.as_deref()?;
    match entry.kind.as_str() {
        "clear" => facts
            .attempts()
            .iter()
            .find(|attempt| attempt.attempt_id.to_string() == key)
            .map(|attempt| attempt.amount),
        "hold" => facts
            .rental
            .filter(|rental| rental.hold_id.is_some_and(|id| id.to_string() == key))
            .map(|rental| rental.deposit),
        // A release gives back whatever is left.
        "release" => facts
            .rental
            .filter(|rental| rental.release_id.is_some_and(|id| id.to_string() == key))
            .map(|_| entry.amount),
        _ => None,
    }
}
