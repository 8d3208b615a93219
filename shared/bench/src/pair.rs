//! Two things that are measured in turn.

use serde::Serialize;

/// The same figure of ours and of the floor.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Pair<T> {
    pub(crate) ours: T,
    pub(crate) floor: T,
}

impl<T> Pair<T> {
    pub(crate) fn map<U>(self, with: impl Fn(T) -> U) -> Pair<U> {
        Pair {
            ours: with(self.ours),
            floor: with(self.floor),
        }
    }
}
