//! What each function weighs, beside the best.

use super::with;
use crate::footprint::{Best, Footprint};
use comfy_table::Table;

pub(crate) fn footprints(found: &Best, best: &Best) -> Table {
    let head = [
        "function",
        "binary, KiB",
        "at best",
        "peak memory, KiB",
        "at best",
    ];
    let mut table = with(head.map(ToOwned::to_owned).into());
    for (function, found) in &found.0 {
        let best = best.0.get(function);
        let at_best = |figure: fn(&Footprint) -> u64| {
            best.map_or_else(|| "-".to_owned(), |best| figure(best).to_string())
        };
        table.add_row([
            function.clone(),
            binary_kib(found).to_string(),
            at_best(binary_kib),
            found.peak_memory_kib.to_string(),
            at_best(|best| best.peak_memory_kib),
        ]);
    }
    table
}

const fn binary_kib(footprint: &Footprint) -> u64 {
    footprint.binary_bytes / 1024
}
