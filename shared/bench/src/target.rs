//! What was promised, and whether it is kept.

use crate::report::Figures;
use crate::summary::Spread;

/// Ours to the floor's.
pub(crate) const LATENCY: f64 = 1.3;
pub(crate) const CPU: f64 = 1.5;
/// The p50 over ten million rentals to that over a thousand.
pub(crate) const SCALE: f64 = 1.2;
/// More than the floor, in milliseconds.
const FIRST_POLL_MS: f64 = 5.0;
const FIRST_ANSWER_MS: f64 = 10.0;

/// What one endpoint misses.
pub(crate) fn missed(figures: &Figures) -> Vec<String> {
    let later = |ours: Spread, floor: Spread| ours.median - floor.median;
    let polls_later = later(
        figures.first_poll_ms.measured,
        figures.first_poll_ms.yardstick,
    );
    let answers_later = later(
        figures.first_answer_ms.measured,
        figures.first_answer_ms.yardstick,
    );
    let latency = figures.latency_ratio.median;
    let cpu = figures.cpu_ratio.median;
    let promises = [
        (
            latency > LATENCY,
            format!("p50 {latency:.2} x floor, promised {LATENCY}"),
        ),
        (cpu > CPU, format!("CPU {cpu:.2} x floor, promised {CPU}")),
        (
            polls_later > FIRST_POLL_MS,
            format!("first poll {polls_later:.1} ms later, promised {FIRST_POLL_MS}"),
        ),
        (
            answers_later > FIRST_ANSWER_MS,
            format!("first answer {answers_later:.1} ms later, promised {FIRST_ANSWER_MS}"),
        ),
    ];
    let missed = promises.into_iter().filter(|(missed, _)| *missed);
    missed.map(|(_, what)| what).collect()
}
