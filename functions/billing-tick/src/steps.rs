//! Where a tick can be cut off.

runtime::steps! {
    /// The steps of a tick, for each batch. What a crash leaves behind differs from one to the next.
    TickStep {
        /// Nothing of the batch is leased.
        Received = "tick.received",
        /// The intents are committed, with their leases; the provider was not called.
        Intended = "tick.intended",
        /// The provider is about to be called for one of the batch's attempts.
        Calling = "tick.calling",
        /// The provider was called for one of them; no outcome is committed.
        Answered = "tick.answered",
        /// The provider was called for all of them, and the next batch taken; no outcome is committed.
        Called = "tick.called",
        /// The outcomes are committed, the leases are free.
        Settled = "tick.settled",
    }
}
