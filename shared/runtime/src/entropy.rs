//! Fresh ids.

use std::sync::OnceLock;
use uuid::Uuid;

static SOURCE: OnceLock<fn() -> Uuid> = OnceLock::new();

/// A new id: a UUID version 7, so that ids made later sort later and indexes stay dense.
#[must_use]
pub fn fresh_id() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    SOURCE.get().map_or_else(Uuid::now_v7, |source| source())
}

/// Makes the ids of this process come from `source`, for good: in simulations, from a seed.
///
/// # Errors
/// The source itself, when there is one already.
pub fn set_id_source(source: fn() -> Uuid) -> Result<(), fn() -> Uuid> {
    SOURCE.set(source)
}
