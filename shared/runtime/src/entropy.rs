//! Fresh ids.

use uuid::Uuid;

/// A new id: a UUID version 7, so that ids made later sort later and indexes stay dense.
#[must_use]
pub fn fresh_id() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    Uuid::now_v7()
}
