//! What is said of many durations.

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// In microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Summary {
    pub(crate) fn of(durations: impl IntoIterator<Item = Duration>) -> Result<Self> {
        let mut histogram = Histogram::<u64>::new(3)?;
        for duration in durations {
            histogram.record(u64::try_from(duration.as_nanos())?)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are kept")]
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Ok(Self {
            p50_us: at(0.5),
            p99_us: at(0.99),
        })
    }
}

/// The middle of some figures, and how far they spread.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let at = |place: usize| figures.get(place).copied().unwrap_or_default();
        Self {
            least: at(0),
            median: if figures.len().is_multiple_of(2) {
                f64::midpoint(at(middle.saturating_sub(1)), at(middle))
            } else {
                at(middle)
            },
            most: at(figures.len().saturating_sub(1)),
        }
    }
}
