//! The shortest history that still breaks a law.

use crate::history::{History, histories};
use crate::play::{Played, play};
use crate::real_time::RealTime;
use anyhow::Result;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The history of one seed.
pub(crate) fn of_seed(seed: u64) -> Result<History> {
    let mut bytes = [0; 32];
    for (byte, of_seed) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *byte = of_seed;
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = histories()
        .new_tree(&mut runner)
        .map_err(|why| anyhow::anyhow!("no history: {why}"))?;
    Ok(tree.current())
}

/// Leaves out of a history that breaks a law what it does not need for that: halves, then quarters,
/// down to single operations. `tell` hears how long the shortest so far is.
pub(crate) async fn shrink(
    history: History,
    played: Played,
    real_time: &RealTime,
    tell: impl Fn(usize),
) -> Result<(History, Played)> {
    let (mut shortest, mut worst) = (history, played);
    // What came after the law was broken broke nothing.
    shortest.operations.truncate(worst.performed);
    let mut part = shortest.operations.len().div_ceil(2);
    while part > 0 {
        let mut from = 0;
        while from < shortest.operations.len() {
            tell(shortest.operations.len());
            let mut without = shortest.clone();
            let to = from.saturating_add(part).min(without.operations.len());
            without.operations.drain(from..to);
            // One that cannot be played at all breaks no law.
            match play(&without, real_time).await {
                Ok(played) if !played.violations.is_empty() => {
                    (shortest, worst) = (without, played);
                }
                _ => from = to,
            }
        }
        part = part.div_euclid(2);
    }
    Ok((shortest, worst))
}
