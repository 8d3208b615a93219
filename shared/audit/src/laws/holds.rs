//! Law 10: no hold outlives a FAILED rental, or a settled end, by two rounds. An unknown hold that
//! only a person goes on with is apart. What is written down as released is released at once.

use crate::books::LedgerRows;
use crate::facts::Facts;
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let Some(rental) = facts.rental else { return };
    let status = rental.hold_status.as_str();
    let held = facts.ledger.map_or(0, LedgerRows::held);
    if status == "RELEASED" {
        law.met();
        law.demand(held == 0, || {
            format!("its hold is RELEASED, and the provider still holds {held}")
        });
    }
    let was_held = matches!(status, "HELD" | "RELEASING" | "RELEASED")
        || facts
            .ledger
            .is_some_and(|ledger| ledger.entries_of("hold").next().is_some());
    let is_over = rental.status == "FAILED" || facts.is_settled();
    if !facts.has_to_be_closed() || !was_held || !is_over {
        return;
    }
    law.met();
    law.demand(!matches!(status, "HELD" | "RELEASING"), || {
        let now = &rental.status;
        format!("it is {now} and settled, and its hold is {status}")
    });
    // What is written down as released is judged above.
    let is_excepted = status == "RELEASED" || facts.hold_is_left_to_a_person();
    law.demand(held == 0 || is_excepted, || {
        let now = &rental.status;
        format!("it is {now} and settled, and the provider still holds {held}")
    });
}
