//! Whether an outside system is away: one rule for every task that asks it, batch after batch.

/// What was heard while a batch was worked through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    some: bool,
    missing: bool,
}

impl Answers {
    /// Notes one question, and whether there was an answer to it.
    pub(crate) const fn note(&mut self, is_answered: bool) {
        self.some |= is_answered;
        self.missing |= !is_answered;
    }

    /// Of a batch nothing was answered: whoever was asked is away. The batch is the task's last, for
    /// the other tasks want their turn.
    pub(crate) const fn nobody_is_there(self) -> bool {
        self.missing && !self.some
    }
}
