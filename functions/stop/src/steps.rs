//! Where a stop can be cut off.

runtime::steps! {
    /// The steps of a stop. What a crash leaves behind differs from one to the next.
    StopStep {
        /// Nothing is committed.
        Received = "stop.received",
        /// The end and the answer are committed; nobody was told.
        Decided = "stop.decided",
        /// Billing was told; the client was not answered.
        Delivered = "stop.delivered",
    }
}
