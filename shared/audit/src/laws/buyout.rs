//! Law 3: neither what is billed nor what was taken exceeds the buyout.

use crate::books::LedgerRows;
use crate::facts::{Facts, Sums};
use crate::findings::Judge;

pub(super) fn check(facts: &Facts<'_>, law: &mut Judge<'_>) {
    let taken = facts.ledger.map_or(0, LedgerRows::taken);
    let billed = facts.billing.map_or(0, Sums::billed);
    if taken == 0 && billed == 0 {
        return;
    }
    let of_rental = facts.rental.map(|rental| rental.buyout);
    let Some(buyout) = of_rental.or(facts.billing.map(|billing| billing.buyout)) else {
        return;
    };
    law.met();
    law.demand(billed <= i128::from(buyout), || {
        format!("B = {billed}, and the buyout is {buyout}")
    });
    law.demand(taken <= buyout, || {
        format!("L = {taken}, and the buyout is {buyout}")
    });
}
