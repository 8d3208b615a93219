//! The laws of money, by the numbers that docs/ARCHITECTURE.md gives them.

use serde::{Serialize, Serializer};
use std::fmt;

/// A law of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// `P <= L <= P + U`.
    Taken = 1,
    /// What is billed is what is due.
    Due,
    /// Neither `B` nor `L` exceeds the buyout.
    Buyout,
    /// Every amount is positive, and collected in steps.
    Amounts,
    /// At most one attempt is open.
    OneOpenAttempt,
    /// Every effect has its intent; one key has one amount and one effect.
    Intents,
    /// One quote gives one rental.
    Quotes,
    /// The same key gives the same answer.
    Answers,
    /// One eject and one hold a rental, one open rental a bank.
    Effects,
    /// No hold outlives its rental.
    Holds,
    /// States move one way.
    States,
    /// What is due follows from time and terms.
    Terms,
    /// Billing knows what there is.
    Copies,
    /// One outbox row per transition.
    Events,
    /// A debt rests between two tries.
    Rests,
    /// Two rounds after the last fault nothing is left open.
    Settled,
    /// What fails is set aside and reported.
    SetAside,
}

/// Whether a law can be judged without the provider's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerUse {
    /// It compares with the ledger and nothing else.
    Whole,
    /// A part of it does.
    Part,
    /// It does not look there.
    None,
}

impl Law {
    /// All of them, by their numbers.
    pub const ALL: [Self; 17] = [
        Self::Taken,
        Self::Due,
        Self::Buyout,
        Self::Amounts,
        Self::OneOpenAttempt,
        Self::Intents,
        Self::Quotes,
        Self::Answers,
        Self::Effects,
        Self::Holds,
        Self::States,
        Self::Terms,
        Self::Copies,
        Self::Events,
        Self::Rests,
        Self::Settled,
        Self::SetAside,
    ];

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What it says, in a line.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Taken => "what was taken is what is in the books",
            Self::Due => "what is billed is what is due",
            Self::Buyout => "nothing exceeds the buyout",
            Self::Amounts => "amounts are positive and add up, debts are collected in steps",
            Self::OneOpenAttempt => "nothing is asked for while an attempt is open",
            Self::Intents => "every effect has its intent, and one key has one effect",
            Self::Quotes => "one quote gives one rental",
            Self::Answers => "the same key gives the same answer",
            Self::Effects => "one eject and one hold a rental, one open rental a bank",
            Self::Holds => "no hold outlives its rental",
            Self::States => "states move one way",
            Self::Terms => "the sum follows from time and terms, however it was charged",
            Self::Copies => "billing knows the rentals that there are, as they are",
            Self::Events => "every transition is told once",
            Self::Rests => "a debt rests between two tries",
            Self::Settled => "two rounds after the last fault nothing is left open",
            Self::SetAside => "what fails is set aside and named",
        }
    }

    /// Where it is shown, if no row could ever break it.
    pub(crate) const fn shown_elsewhere(self) -> Option<&'static str> {
        match self {
            Self::SetAside => Some("only counted here: the system tests show it"),
            _ => None,
        }
    }

    pub(crate) const fn ledger_use(self) -> LedgerUse {
        match self {
            Self::Taken | Self::Intents => LedgerUse::Whole,
            Self::Buyout | Self::Effects | Self::Holds => LedgerUse::Part,
            _ => LedgerUse::None,
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}, {}", self.number(), self.title())
    }
}

/// As its number.
impl Serialize for Law {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}
