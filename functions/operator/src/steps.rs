//! Where a command can be cut off.

runtime::steps! {
    /// The steps of a command. What a crash leaves behind differs from one to the next.
    OperatorStep {
        /// Nothing is committed.
        Received = "operator.received",
        /// The effect and its record are committed in one database; the other was not told.
        Committed = "operator.committed",
        /// Everything is done.
        Done = "operator.done",
    }
}
