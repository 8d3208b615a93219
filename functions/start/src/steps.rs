//! Where a start can be cut off.

runtime::steps! {
    /// The steps of a start. What a crash leaves behind differs from one to the next.
    StartStep {
        /// Nothing is committed.
        Received = "start.received",
        /// PENDING, the key and the first intent are committed; nothing was called.
        Begun = "start.begun",
        /// The provider was asked for the hold; its answer is not committed.
        HoldCalled = "start.hold-called",
        /// The hold's outcome and the eject's intent are committed; nothing was ejected.
        EjectIntended = "start.eject-intended",
        /// The station was asked for a power bank; its answer is not committed.
        EjectCalled = "start.eject-called",
        /// ACTIVE or FAILED, and the answer, are committed; nobody was told, nor the client answered.
        Decided = "start.decided",
        /// The provider was asked for the release of a failed start's hold.
        ReleaseCalled = "start.release-called",
        /// The client of a rental was answered and billing told; or the hold of a failed start was
        /// released, and its client is not answered yet.
        Delivered = "start.delivered",
    }
}
