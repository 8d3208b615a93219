//! Random choices, out of the seed.

use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use std::ops::Range;
use std::time::Duration;

/// Keeps the choices of two tasks of one run apart.
const APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// Makes the choices of one task.
pub(crate) struct Dice(SmallRng);

impl Dice {
    /// Those of the task with this number.
    pub(crate) fn new(seed: u64, task: u64) -> Self {
        let seed = seed.wrapping_add(task.wrapping_mul(APART));
        Self(SmallRng::seed_from_u64(seed))
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.0.random_ratio(percent.min(100), 100)
    }

    pub(crate) fn number(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    pub(crate) fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    pub(crate) fn micros(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.0.random_range(0..=most))
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.choose(&mut self.0)
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        all.shuffle(&mut self.0);
    }
}
