//! What can go wrong at which step.

use billing_tick::TickStep;
use operator::OperatorStep;
use reconcile::ReconcileStep;
use runtime::step::Step;
use start::StartStep;
use std::fmt;
use std::sync::LazyLock;
use stop::StopStep;

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Db {
    Rental,
    Billing,
}

/// What goes wrong from one step of a flow to its next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The process dies.
    Kill,
    /// The provider, or the station, does it, and its reply is lost.
    ReplyLost,
    /// It refuses.
    Refused,
    /// It never gets the request.
    NeverArrives,
    /// It gets the request after the caller gave up.
    ArrivesLate,
    /// A database refuses every connection.
    Gone(Db),
    /// Every connection to it breaks, and new ones are taken.
    Restarts(Db),
    /// Its sockets stand still; what was said meanwhile arrives after the caller gave up.
    Freezes(Db),
    /// It commits, and the answer is lost.
    CommitAnswerLost(Db),
    /// The worker sleeps until its lease ran out, and others took over.
    LeaseRunsOut,
    /// The same request, or another tick, comes 1 to 4 times more.
    Repeated,
}

/// A fault, and a step at which it can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Strike {
    pub(crate) step: &'static str,
    pub(crate) fault: Fault,
}

impl Strike {
    pub(crate) fn at(step: impl Step, fault: Fault) -> Self {
        let step = step.name();
        Self { step, fault }
    }

    /// Whether it strikes at one of these.
    pub(crate) fn is_at(&self, steps: &[impl Step]) -> bool {
        steps.iter().any(|step| step.name() == self.step)
    }

    /// Whether it is this database that goes wrong.
    pub(crate) fn is_in(&self, db: Db) -> bool {
        matches!(
            self.fault,
            Fault::Gone(at) | Fault::Restarts(at) | Fault::Freezes(at) | Fault::CommitAnswerLost(at)
                if at == db
        )
    }

    /// Whether it is something outside that goes wrong.
    pub(crate) fn is_in_a_call(&self) -> bool {
        FAULTS_IN_A_CALL.contains(&self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let db = |db: &Db| match db {
            Db::Rental => "db-rental",
            Db::Billing => "db-billing",
        };
        match self {
            Self::Kill => f.write_str("the process dies"),
            Self::ReplyLost => f.write_str("the reply is lost"),
            Self::Refused => f.write_str("the call is refused"),
            Self::NeverArrives => f.write_str("the call never arrives"),
            Self::ArrivesLate => f.write_str("the call arrives late"),
            Self::Gone(which) => write!(f, "{} is gone", db(which)),
            Self::Restarts(which) => write!(f, "{} restarts", db(which)),
            Self::Freezes(which) => write!(f, "{} freezes", db(which)),
            Self::CommitAnswerLost(which) => write!(f, "{} loses a commit's answer", db(which)),
            Self::LeaseRunsOut => f.write_str("the lease runs out"),
            Self::Repeated => f.write_str("it comes again"),
        }
    }
}

/// What a flow does between a step and its next.
#[derive(Clone, Copy, Debug, Default)]
struct Then {
    /// What it may ask of the outside, by the endpoints' names.
    calls: &'static [&'static str],
    rental: Use,
    billing: Use,
}

/// How a flow may use a database between two steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Use {
    #[default]
    Nothing,
    Statements,
    Transactions,
}

const EJECT: &str = "eject-powerbank";
const HOLD: &str = "hold-money-for-order";
const CLEAR: &str = "clear-money-for-order";
const RELEASE: &str = "release-money-for-order";
const RETURN: &str = "return-powerbank";

const FAULTS_IN_A_CALL: [Fault; 4] = [
    Fault::ReplyLost,
    Fault::Refused,
    Fault::NeverArrives,
    Fault::ArrivesLate,
];

/// A step with all that can strike there.
struct Place {
    step: &'static str,
    faults: Vec<Fault>,
    calls: &'static [&'static str],
}

/// Every step of every flow. A new step does not compile before it has its place here.
fn places() -> Vec<Place> {
    let mut places = Vec::new();
    places.extend(StartStep::ALL.iter().map(|s| place(*s, after_start(*s))));
    places.extend(StopStep::ALL.iter().map(|s| place(*s, after_stop(*s))));
    places.extend(TickStep::ALL.iter().map(|s| place(*s, after_tick(*s))));
    places.extend(
        ReconcileStep::ALL
            .iter()
            .map(|s| place(*s, after_reconcile(*s))),
    );
    places.extend(
        OperatorStep::ALL
            .iter()
            .map(|s| place(*s, after_operator(*s))),
    );
    places
}

/// What can strike at this step.
pub(crate) fn faults_at(step: &str) -> &'static [Fault] {
    let place = PLACES.iter().find(|place| place.step == step);
    place.map_or(&[], |place| &place.faults)
}

/// What may be asked of the outside from this step to the next, by the endpoints' names.
pub(crate) fn calls_after(step: &str) -> &'static [&'static str] {
    let place = PLACES.iter().find(|place| place.step == step);
    place.map_or(&[], |place| place.calls)
}

/// Every fault with every step at which it can strike.
pub(crate) static STRIKES: LazyLock<Vec<Strike>> = LazyLock::new(|| {
    let strikes_at = |place: &Place| {
        let step = place.step;
        let faults = place.faults.clone().into_iter();
        faults.map(move |fault| Strike { step, fault })
    };
    PLACES.iter().flat_map(strikes_at).collect()
});

/// [`places`], made once.
static PLACES: LazyLock<Vec<Place>> = LazyLock::new(places);

fn place(step: impl Step, then: Then) -> Place {
    let mut faults = vec![Fault::Kill, Fault::LeaseRunsOut, Fault::Repeated];
    if !then.calls.is_empty() {
        faults.extend(FAULTS_IN_A_CALL);
    }
    for (db, used) in [(Db::Rental, then.rental), (Db::Billing, then.billing)] {
        if used != Use::Nothing {
            faults.extend([Fault::Gone(db), Fault::Restarts(db), Fault::Freezes(db)]);
        }
        if used == Use::Transactions {
            faults.push(Fault::CommitAnswerLost(db));
        }
    }
    Place {
        step: step.name(),
        faults,
        calls: then.calls,
    }
}

const fn calls(calls: &'static [&'static str]) -> Then {
    Then {
        calls,
        rental: Use::Nothing,
        billing: Use::Nothing,
    }
}

const fn databases(rental: Use, billing: Use) -> Then {
    Then {
        calls: &[],
        rental,
        billing,
    }
}

const NOTHING: Then = databases(Use::Nothing, Use::Nothing);
const READS_RENTAL: Then = databases(Use::Statements, Use::Nothing);
const WRITES_RENTAL: Then = databases(Use::Transactions, Use::Nothing);
const WRITES_BILLING: Then = databases(Use::Nothing, Use::Transactions);
const WRITES_BOTH: Then = databases(Use::Transactions, Use::Transactions);

const fn after_start(step: StartStep) -> Then {
    match step {
        StartStep::Received | StartStep::HoldCalled | StartStep::EjectCalled => WRITES_RENTAL,
        StartStep::Begun => calls(&[HOLD, EJECT]),
        StartStep::EjectIntended => calls(&[EJECT]),
        StartStep::Decided => Then {
            calls: &[RELEASE],
            ..WRITES_BOTH
        },
        StartStep::ReleaseCalled => READS_RENTAL,
        StartStep::Delivered => NOTHING,
    }
}

const fn after_stop(step: StopStep) -> Then {
    match step {
        StopStep::Received => WRITES_RENTAL,
        StopStep::Decided => WRITES_BOTH,
        StopStep::Delivered => NOTHING,
    }
}

const fn after_tick(step: TickStep) -> Then {
    match step {
        TickStep::Claimed | TickStep::Called | TickStep::Settled => WRITES_BILLING,
        TickStep::Calling => calls(&[CLEAR]),
        TickStep::Intended | TickStep::Answered => NOTHING,
    }
}

const fn after_reconcile(step: ReconcileStep) -> Then {
    match step {
        ReconcileStep::StartsClaimed | ReconcileStep::BuyoutDecided => WRITES_BOTH,
        ReconcileStep::StartRead => Then {
            calls: &[EJECT],
            ..WRITES_RENTAL
        },
        ReconcileStep::EjectAsked | ReconcileStep::StartDecided | ReconcileStep::Copied => {
            WRITES_RENTAL
        }
        ReconcileStep::HoldsClaimed => databases(Use::Transactions, Use::Statements),
        ReconcileStep::HoldRead => calls(&[HOLD, RELEASE]),
        ReconcileStep::HoldAsked | ReconcileStep::ReleaseIntended | ReconcileStep::ReturnCalled => {
            READS_RENTAL
        }
        ReconcileStep::ReturnDue => calls(&[RETURN]),
        ReconcileStep::Done => NOTHING,
    }
}

const fn after_operator(step: OperatorStep) -> Then {
    match step {
        OperatorStep::Received | OperatorStep::Committed | OperatorStep::Done => WRITES_BOTH,
    }
}
