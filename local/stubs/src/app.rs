//! What every request shares.

use std::sync::Arc;

use crate::calls::Calls;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::store::Store;

pub(crate) struct App {
    pub(crate) catalogue: Catalogue,
    pub(crate) store: Store,
    /// Shared with the writer, which judges expiry at the moment of acting.
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
}
