//! A history: how the world is, and what happens in it, one thing after another.

use crate::fault::{STRIKES, Strike};
use crate::scene::scene;
use proptest::prelude::*;

/// How many scenes a history has, at least and at most. Most are of one operation.
const LENGTH: std::ops::RangeInclusive<usize> = 50..=90;

/// A history. Its numbers choose among what is there at the time, so that it can be shortened and
/// still be played.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) operations: Vec<Operation>,
    /// Whether clients ask again, at the end, what was not answered; otherwise only ticks and
    /// reconciles go on.
    pub(crate) clients_come_back: bool,
}

/// How the world is in the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) price_per_hour: i64,
    pub(crate) free_period_min: i64,
    pub(crate) deposit: i64,
    pub(crate) buyout: i64,
    pub(crate) debt_charge_step: i64,
    pub(crate) users: Vec<User>,
    /// How far db-billing's clock is ahead of db-rental's.
    pub(crate) billing_ahead_sec: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) balance: i64,
    pub(crate) trusted: bool,
    pub(crate) has_subscription: bool,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// One of the flows that stand goes on to its next step; where none stands, a tick begins.
    GoOn(usize),
    /// One of the flows that stand goes on by some steps, and meets a fault on the way to the next.
    GoOnUnder {
        flow: usize,
        steps: usize,
        fault: usize,
    },
    /// One of the flows that stand goes on until it is over.
    Finish(usize),
    /// A user asks for a quote, and starts a rental by it.
    Rent { user: usize, station: usize },
    /// An earlier start is asked for again under its key.
    StartAgain(usize),
    /// Something is started, under a new key, by a quote that served or failed to serve before.
    StartAnew(usize),
    /// Under the key of an earlier start, something else is started.
    StartOther { start: usize, quote: usize },
    /// A rental is stopped, under a new key.
    Stop { rental: usize, station: usize },
    /// An earlier stop is asked for again under its key.
    StopAgain(usize),
    /// A rental is looked at.
    Look(usize),
    /// So many ticks begin at once.
    Ticks(usize),
    /// A reconcile begins.
    Reconcile,
    /// A person gives a command.
    Command { command: Command, choice: usize },
    /// Time passes, everywhere.
    Wait(i64),
    /// A flow that can come to a step begins and goes on until it stands there; there it meets the
    /// fault.
    Ambush { strike: Strike, choice: usize },
    /// The next flow that goes on from a step meets the fault there.
    LieInWait { strike: Strike, choice: usize },
    /// A user's balance becomes this.
    Pay { user: usize, balance: i64 },
    /// A station gets power banks; its next one is one that is out.
    Restock { station: usize, bank_is_out: bool },
    /// Nothing can be written about a rental, in its books or in its copy, until that is mended.
    Spoil { rental: usize, what: Spoiled },
    /// Everything that was spoilt is mended, and put back to work.
    Mend,
    /// Requests that were late arrive.
    LateOnesArrive,
}

impl Operation {
    /// Whether it does something although no flow begins.
    pub(crate) const fn is_something_by_itself(&self) -> bool {
        matches!(
            self,
            Self::GoOn(_)
                | Self::GoOnUnder { .. }
                | Self::Finish(_)
                | Self::Wait(_)
                | Self::Pay { .. }
                | Self::Restock { .. }
        )
    }
}

/// What a person says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Show,
    Worklist,
    Requeue,
    /// The rental ended so many seconds ago.
    Finish(i64),
    /// A rental whose power bank was ejected again has ended.
    Flagged,
    MarkRefundPaid,
    /// What the provider's books say of an attempt.
    ResolveAttempt,
    /// What the station's books say of an eject.
    ResolveEject,
    /// What the provider's books say of a hold.
    ResolveHold,
    RetryDebt,
    WriteOffDebt,
}

/// What cannot be written about a rental.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoiled {
    Attempts,
    Copy,
}

/// Histories, from a source of chance.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    let scenes = prop_oneof![
        operation().prop_map(|operation| vec![operation]),
        (strike(), any::<usize>()).prop_map(|(strike, choice)| scene(strike, choice)),
    ];
    let scenes = prop::collection::vec(scenes, LENGTH);
    (setup(), scenes, any::<bool>()).prop_map(|(setup, scenes, clients_come_back)| History {
        setup,
        operations: prelude().chain(scenes.into_iter().flatten()).collect(),
        clients_come_back,
    })
}

/// Each of three users has a rental.
fn prelude() -> impl Iterator<Item = Operation> {
    (0..3).flat_map(|user| {
        let station = user;
        [Operation::Rent { user, station }, Operation::Finish(0)]
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    let price = prop_oneof![1 => Just(0), 9 => 30_i64..=3_600];
    let deposit = prop_oneof![1 => Just(0), 2 => 1_i64..=500];
    // Five minutes either way, as far as two clocks are to be apart.
    let skew = prop_oneof![2 => Just(0), 1 => Just(-300), 1 => Just(300)];
    let users = prop::collection::vec(user(), 2..=4);
    (
        price,
        0_i64..=3,
        deposit,
        20_i64..=600,
        1_i64..=120,
        users,
        skew,
    )
        .prop_map(
            |(
                price_per_hour,
                free_period_min,
                deposit,
                buyout,
                debt_charge_step,
                users,
                billing_ahead_sec,
            )| Setup {
                price_per_hour,
                free_period_min,
                deposit,
                buyout,
                debt_charge_step,
                users,
                billing_ahead_sec,
            },
        )
}

fn user() -> impl Strategy<Value = User> {
    (balance(), any::<bool>(), any::<bool>()).prop_map(|(balance, trusted, has_subscription)| {
        User {
            balance,
            trusted,
            has_subscription,
        }
    })
}

fn balance() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0), 2 => 0_i64..=300, 4 => Just(1_000_000)]
}

fn operation() -> impl Strategy<Value = Operation> {
    let choice = any::<usize>;
    prop_oneof![
        30 => choice().prop_map(Operation::GoOn),
        30 => choice().prop_map(Operation::Finish),
        8 => (choice(), choice()).prop_map(|(user, station)| Operation::Rent { user, station }),
        3 => choice().prop_map(Operation::StartAgain),
        2 => choice().prop_map(Operation::StartAnew),
        1 => (choice(), choice()).prop_map(|(start, quote)| Operation::StartOther { start, quote }),
        4 => (choice(), choice()).prop_map(|(rental, station)| Operation::Stop { rental, station }),
        2 => choice().prop_map(Operation::StopAgain),
        2 => choice().prop_map(Operation::Look),
        12 => ticks().prop_map(Operation::Ticks),
        8 => Just(Operation::Reconcile),
        5 => (command(), choice()).prop_map(|(command, choice)| Operation::Command { command, choice }),
        14 => wait().prop_map(Operation::Wait),
        8 => (strike(), choice()).prop_map(|(strike, choice)| Operation::LieInWait { strike, choice }),
        35 => (choice(), 0_usize..=6, choice()).prop_map(|(flow, steps, fault)| {
            Operation::GoOnUnder { flow, steps, fault }
        }),
        2 => (choice(), balance()).prop_map(|(user, balance)| Operation::Pay { user, balance }),
        1 => (choice(), any::<bool>()).prop_map(|(station, bank_is_out)| {
            Operation::Restock { station, bank_is_out }
        }),
        3 => (choice(), spoiled()).prop_map(|(rental, what)| Operation::Spoil { rental, what }),
        2 => Just(Operation::Mend),
        2 => Just(Operation::LateOnesArrive),
    ]
}

fn strike() -> impl Strategy<Value = Strike> {
    prop::sample::select(&STRIKES[..])
}

fn ticks() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(1), 1 => 2_usize..=8]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => prop_oneof![Just(Command::Show), Just(Command::Worklist)],
        2 => Just(Command::Requeue),
        4 => (0_i64..=7_200).prop_map(Command::Finish),
        1 => Just(Command::Flagged),
        2 => Just(Command::MarkRefundPaid),
        3 => prop_oneof![
            Just(Command::ResolveAttempt),
            Just(Command::ResolveEject),
            Just(Command::ResolveHold),
        ],
        2 => prop_oneof![Just(Command::RetryDebt), Just(Command::WriteOffDebt)],
    ]
}

/// To and past the moments at which something changes: a second, a grace, a lease, a tick, a
/// backoff, a free period, a buyout; seldom until keys are forgotten, or debts are too old.
fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => 1_i64..=10,
        6 => Just(30),
        3 => 20_i64..=65,
        4 => 60_i64..=900,
        2 => 900_i64..=7_200,
        1 => prop_oneof![Just(82_800_i64), Just(86_400), Just(90_000), Just(31 * 86_400)],
    ]
}

fn spoiled() -> impl Strategy<Value = Spoiled> {
    prop_oneof![Just(Spoiled::Attempts), Just(Spoiled::Copy)]
}
