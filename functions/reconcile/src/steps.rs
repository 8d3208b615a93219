//! Where a reconcile can be cut off.

runtime::steps! {
    /// The steps of a reconcile. What a crash leaves behind differs from one to the next.
    ReconcileStep {
        /// Nothing is leased.
        Received = "reconcile.received",
        /// Starts that stopped half way are leased; nothing was asked.
        StartsClaimed = "reconcile.starts-claimed",
        /// One of them is about to be rolled back, or its station asked.
        StartRead = "reconcile.start-read",
        /// A station was asked what became of an eject; its answer is not committed.
        EjectAsked = "reconcile.eject-asked",
        /// A start is finished or rolled back; nobody was told.
        StartDecided = "reconcile.start-decided",
        /// A rental is BUYOUT; nobody was told.
        BuyoutDecided = "reconcile.buyout-decided",
        /// Holds are leased; nothing was asked.
        HoldsClaimed = "reconcile.holds-claimed",
        /// The provider is about to be asked about one of them.
        HoldRead = "reconcile.hold-read",
        /// The provider was asked what became of a hold; its answer is not committed.
        HoldAsked = "reconcile.hold-asked",
        /// A release is intended; the provider was not called.
        ReleaseIntended = "reconcile.release-intended",
        /// Billing was told of all transitions.
        Copied = "reconcile.copied",
        /// A station is about to be told of a returned power bank.
        ReturnDue = "reconcile.return-due",
        /// A station was told of a returned power bank; that is not committed.
        ReturnCalled = "reconcile.return-called",
        /// Everything is done.
        Done = "reconcile.done",
    }
}
