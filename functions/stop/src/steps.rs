//! Where a stop can be cut off.

runtime::steps! {
    /// The steps of a stop. What a crash leaves behind differs from one to the next.
    StopStep {
        /// Nothing is committed.
        Received = "stop.received",
        /// The end and the answer are committed; nobody was told, nor the client answered.
        Decided = "stop.decided",
        /// The client was answered and billing told.
        Delivered = "stop.delivered",
    }
}
