//! Law 5: at most one attempt is open, and nothing else is asked for until it is known.

use crate::facts::{Facts, open};
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let attempts = facts.attempts();
    let open = open(attempts).count();
    if open == 0 && attempts.len() < 2 {
        return;
    }
    law.met();
    law.demand(open <= 1, || format!("{open} attempts are open"));
    for (earlier, later) in attempts.iter().zip(attempts.iter().skip(1)) {
        let was_known = earlier
            .settled_at
            .is_some_and(|known| known <= later.created_at);
        // Two that are open at once are told of above.
        law.demand(was_known || open > 1, || {
            let (earlier, later) = (earlier.attempt_id, later.attempt_id);
            format!("attempt {later} was made before {earlier} was known")
        });
    }
}
