//! Two things that are measured in turn.

use serde::Serialize;

/// The same figure of what is measured and of what it is set beside. Where a report has one, these
/// are ours and the floor.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Pair<T> {
    #[serde(rename = "ours")]
    pub(crate) measured: T,
    #[serde(rename = "floor")]
    pub(crate) yardstick: T,
}

impl<T> Pair<T> {
    pub(crate) fn map<U>(self, with: impl Fn(T) -> U) -> Pair<U> {
        Pair {
            measured: with(self.measured),
            yardstick: with(self.yardstick),
        }
    }
}
