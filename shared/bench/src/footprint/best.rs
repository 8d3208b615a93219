//! The best figures that were committed, by function.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/footprint.json");
/// A figure may be so much above the best, in percent: memory differs a little from run to run.
const ALLOWANCE: u64 = 10;

/// What one function weighs.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Footprint {
    pub(crate) binary_bytes: u64,
    /// The most that it ever had.
    pub(crate) peak_memory_kib: u64,
}

/// By function.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Best(pub(crate) BTreeMap<String, Footprint>);

impl Best {
    pub(crate) fn read() -> Result<Self> {
        let text = std::fs::read_to_string(FILE).context(FILE)?;
        serde_json::from_str(&text).context(FILE)
    }

    pub(crate) fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(FILE, format!("{text}\n")).context(FILE)?;
        println!("{FILE}");
        Ok(())
    }
}

/// What is too far above the best, or has none.
pub(crate) fn missed(found: &Best, best: &Best) -> Vec<String> {
    let mut missed = Vec::new();
    for (function, found) in &found.0 {
        let Some(best) = best.0.get(function) else {
            missed.push(format!("{function}: nothing is committed"));
            continue;
        };
        let figures = [
            ("bytes of binary", found.binary_bytes, best.binary_bytes),
            ("KiB of memory", found.peak_memory_kib, best.peak_memory_kib),
        ];
        for (what, found, best) in figures {
            if is_above(found, best) {
                missed.push(format!("{function}: {found} {what}, at best {best}"));
            }
        }
    }
    missed
}

/// Beyond the allowance.
const fn is_above(found: u64, best: u64) -> bool {
    let allowed = best.saturating_mul(100_u64.saturating_add(ALLOWANCE));
    found.saturating_mul(100) > allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(binary_bytes: u64, peak_memory_kib: u64) -> Best {
        let footprint = Footprint {
            binary_bytes,
            peak_memory_kib,
        };
        Best(BTreeMap::from([("quote".to_owned(), footprint)]))
    }

    #[test]
    fn a_tenth_more_passes_and_anything_beyond_it_is_named() {
        let best = of(1_000, 100);
        assert!(missed(&of(1_100, 110), &best).is_empty());
        assert_eq!(
            missed(&of(1_101, 90), &best),
            ["quote: 1101 bytes of binary, at best 1000"]
        );
        assert_eq!(
            missed(&of(900, 111), &best),
            ["quote: 111 KiB of memory, at best 100"]
        );
    }

    #[test]
    fn a_function_that_nobody_committed_to_is_named() {
        assert_eq!(
            missed(&of(1, 1), &Best::default()),
            ["quote: nothing is committed"]
        );
    }
}
