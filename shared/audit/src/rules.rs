//! What an audit has to know beside the books.

/// Whether flows may be in the middle of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// They may: only what holds at each of their steps is demanded.
    AnyMoment,
    /// Two rounds (tick and reconcile run to their end, each past the leases) after the last fault
    /// ended: nothing may be left open.
    AtRest,
}

/// The settings by which the audited system bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `BILLING_GRACE_SEC`: how far billing stays behind an ACTIVE rental.
    pub grace_sec: u32,
    /// `BILLING_TICK_SEC`: the grid that billing works on.
    pub tick_sec: u32,
    /// `DEBT_MAX_AGE_DAYS`: an older debt is left to a person.
    pub debt_max_age_days: u32,
}

/// What the system uses where nothing is set.
impl Default for Rules {
    fn default() -> Self {
        Self {
            grace_sec: 5,
            tick_sec: 30,
            debt_max_age_days: 30,
        }
    }
}
