//! What ticks do, alone and together.

use super::{ratio, three, two, whole, with};
use crate::tick::TickFigures;
use crate::together::{Seen, Together};
use comfy_table::Table;

/// A row for each case.
pub(super) fn alone(figures: &[TickFigures]) -> Table {
    let head = [
        "ACTIVE",
        "due",
        "rentals a second",
        "ratio (least, most)",
        "CPU, us",
        "PostgreSQL's CPU, us",
        "buffers",
        "transactions",
        "statements",
        "peak memory, MiB",
    ];
    let mut table = with(head.map(ToOwned::to_owned).into());
    for figures in figures {
        let case = figures.case;
        table.add_row([
            case.active.to_string(),
            case.due.to_string(),
            whole(figures.rentals_per_sec.map(|rate| rate.median)),
            ratio(figures.rate_ratio),
            whole(figures.cpu_us),
            whole(figures.postgres_cpu_us),
            two(figures.buffers),
            three(figures.transactions),
            format!("{:.3}", figures.statements),
            two(figures.peak_memory_mib),
        ]);
    }
    table
}

/// A row for so many at once.
pub(super) fn together(together: &Together) -> Table {
    let due = together.case.due;
    let head = [
        format!("ticks over {due} due"),
        "rentals a second".to_owned(),
        "to one tick (least, most)".to_owned(),
        "seen waiting for a lock".to_owned(),
    ];
    let mut table = with(head.into());
    for crowd in &together.crowds {
        table.add_row([
            crowd.ticks.to_string(),
            format!("{:.0}", crowd.rentals_per_sec.median),
            ratio(crowd.rate_ratio),
            waits(&crowd.seen),
        ]);
    }
    table
}

fn waits(seen: &Seen) -> String {
    let waits = seen.waits_for_lock.iter();
    let mut waits: Vec<String> = waits
        .map(|(lock, count)| format!("{count} {lock}"))
        .collect();
    if waits.is_empty() {
        waits.push("0".to_owned());
    }
    format!("{} in {} looks", waits.join(", "), seen.looks)
}
