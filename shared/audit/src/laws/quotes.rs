//! Law 7: one quote gives at most one rental that did not fail.

use crate::facts::Facts;
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental.filter(|rental| rental.status != "FAILED") else {
        return;
    };
    law.met();
    law.demand(rental.same_quote.is_empty(), || {
        let (quote_id, others) = (rental.quote_id, &rental.same_quote);
        format!("quote-{quote_id} also gave {others:?}")
    });
}
