//! Law 1: `P <= L <= P + U`, in the sum and attempt by attempt. With nothing open that is `L = P`.

use crate::facts::{Facts, open, succeeded, sum};
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(ledger) = facts.ledger else { return };
    let attempts = facts.attempts();
    let clears: Vec<_> = ledger.entries_of("clear").collect();
    let taken = i128::from(ledger.taken());
    if attempts.is_empty() && clears.is_empty() && taken == 0 {
        return;
    }
    law.met();
    let paid = succeeded(attempts);
    let open = sum(open(attempts).map(|attempt| attempt.amount));
    let most = paid.saturating_add(open);
    law.demand((paid..=most).contains(&taken), || {
        format!("P = {paid} and U = {open}, but the provider took L = {taken}")
    });
    let cleared = sum(clears.iter().map(|entry| entry.amount));
    law.demand(cleared == taken, || {
        format!("the ledger's clears come to {cleared}, its sum says {taken}")
    });
    for attempt in attempts {
        let (id, status) = (attempt.attempt_id, attempt.status.as_str());
        let key = id.to_string();
        let was_taken = clears
            .iter()
            .any(|entry| entry.key.as_deref() == Some(key.as_str()));
        law.demand(was_taken || status != "SUCCEEDED", || {
            format!("attempt {id} SUCCEEDED, and the ledger has no clear under its key")
        });
        law.demand(
            !was_taken || !matches!(status, "DECLINED" | "EXPIRED"),
            || format!("attempt {id} is {status}, and the ledger has a clear under its key"),
        );
    }
}
