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

impl Db {
    pub(crate) const BOTH: [Self; 2] = [Self::Rental, Self::Billing];
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
    /// A database hears no more from some message on, and refuses every connection.
    Gone(Db),
    /// Every connection to it breaks at some message, and new ones are taken.
    Restarts(Db),
    /// Its sockets stand still from some message on; what was said meanwhile arrives after the
    /// caller gave up.
    Freezes(Db),
    /// It does what it is told, a commit mostly, and the answer is lost.
    AnswerLost(Db),
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
            Fault::Gone(at) | Fault::Restarts(at) | Fault::Freezes(at) | Fault::AnswerLost(at)
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
            Self::AnswerLost(which) => write!(f, "{} answers and is not heard", db(which)),
            Self::LeaseRunsOut => f.write_str("the lease runs out"),
            Self::Repeated => f.write_str("it comes again"),
        }
    }
}

/// What a flow does, undisturbed, between a step and its next.
#[derive(Clone, Copy, Debug, Default)]
struct Then {
    /// What it may ask of the outside, by the endpoints' names.
    calls: &'static [&'static str],
    rental: Use,
    billing: Use,
    /// Whether somebody else can take its work over meanwhile.
    is_leased: bool,
}

impl Then {
    const fn leased(self) -> Self {
        Self {
            is_leased: true,
            ..self
        }
    }

    const fn and_calls(self, calls: &'static [&'static str]) -> Self {
        Self { calls, ..self }
    }
}

/// How a flow may use a database between two steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
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
struct Exposure {
    step: &'static str,
    faults: Vec<Fault>,
    then: Then,
}

/// Every step of every flow. A new step does not compile before it has its place here.
fn exposures() -> Vec<Exposure> {
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
    exposure(step).map_or(&[], |place| &place.faults)
}

/// What may be asked of the outside from this step to the next, by the endpoints' names.
pub(crate) fn calls_after(step: &str) -> &'static [&'static str] {
    exposure(step).map_or(&[], |place| place.then.calls)
}

/// How a database may be used, undisturbed, from this step to the next.
pub(crate) fn use_after(step: &str, db: Db) -> Use {
    exposure(step).map_or(Use::Nothing, |place| match db {
        Db::Rental => place.then.rental,
        Db::Billing => place.then.billing,
    })
}

fn exposure(step: &str) -> Option<&'static Exposure> {
    EXPOSURES.iter().find(|place| place.step == step)
}

/// Every fault with every step at which it can strike.
pub(crate) static STRIKES: LazyLock<Vec<Strike>> = LazyLock::new(|| {
    let strikes_at = |place: &Exposure| {
        let step = place.step;
        let faults = place.faults.clone().into_iter();
        faults.map(move |fault| Strike { step, fault })
    };
    EXPOSURES.iter().flat_map(strikes_at).collect()
});

/// [`exposures`], made once.
static EXPOSURES: LazyLock<Vec<Exposure>> = LazyLock::new(exposures);

fn place(step: impl Step, then: Then) -> Exposure {
    let mut faults = vec![Fault::Kill, Fault::Repeated];
    if then.is_leased {
        faults.push(Fault::LeaseRunsOut);
    }
    if !then.calls.is_empty() {
        faults.extend(FAULTS_IN_A_CALL);
    }
    for (db, used) in [(Db::Rental, then.rental), (Db::Billing, then.billing)] {
        if used != Use::Nothing {
            faults.extend(
                [
                    Fault::Gone,
                    Fault::Restarts,
                    Fault::Freezes,
                    Fault::AnswerLost,
                ]
                .map(|fault| fault(db)),
            );
        }
    }
    Exposure {
        step: step.name(),
        faults,
        then,
    }
}

const fn databases(rental: Use, billing: Use) -> Then {
    Then {
        calls: &[],
        rental,
        billing,
        is_leased: false,
    }
}

const NOTHING: Then = databases(Use::Nothing, Use::Nothing);
const RENTAL: Then = databases(Use::Transactions, Use::Nothing);
const BILLING: Then = databases(Use::Nothing, Use::Transactions);
const BOTH: Then = databases(Use::Transactions, Use::Transactions);

const fn after_start(step: StartStep) -> Then {
    match step {
        StartStep::Begun => NOTHING.and_calls(&[HOLD, EJECT]).leased(),
        StartStep::EjectIntended => NOTHING.and_calls(&[EJECT]).leased(),
        StartStep::HoldCalled | StartStep::EjectCalled => RENTAL.leased(),
        StartStep::Decided => databases(Use::Statements, Use::Statements).and_calls(&[RELEASE]),
        StartStep::Received => RENTAL,
        // Reconcile comes here, too, and goes on to its next task when nobody answers.
        StartStep::ReleaseCalled => databases(Use::Transactions, Use::Statements),
        StartStep::Delivered => NOTHING,
    }
}

const fn after_stop(step: StopStep) -> Then {
    match step {
        StopStep::Received => databases(Use::Statements, Use::Nothing),
        StopStep::Decided => databases(Use::Statements, Use::Transactions),
        StopStep::Delivered => NOTHING,
    }
}

const fn after_tick(step: TickStep) -> Then {
    match step {
        TickStep::Received => BILLING,
        TickStep::Called => BILLING.leased(),
        TickStep::Calling => NOTHING.and_calls(&[CLEAR]).leased(),
        TickStep::Intended | TickStep::Answered => NOTHING.leased(),
        TickStep::Settled => NOTHING,
    }
}

const fn after_reconcile(step: ReconcileStep) -> Then {
    match step {
        ReconcileStep::Received
        | ReconcileStep::StartDecided
        | ReconcileStep::Copied
        | ReconcileStep::ReturnCalled => RENTAL,
        ReconcileStep::StartRead => RENTAL.and_calls(&[EJECT]).leased(),
        // What stays unknown is left for now, and the next task begins.
        ReconcileStep::StartsClaimed | ReconcileStep::EjectAsked => BOTH.leased(),
        ReconcileStep::HoldsClaimed | ReconcileStep::HoldAsked => {
            databases(Use::Transactions, Use::Statements).leased()
        }
        ReconcileStep::HoldRead => NOTHING.and_calls(&[HOLD, RELEASE]).leased(),
        ReconcileStep::BuyoutDecided | ReconcileStep::ReleaseIntended => BOTH,
        ReconcileStep::ReturnDue => NOTHING.and_calls(&[RETURN]),
        ReconcileStep::Done => databases(Use::Statements, Use::Statements),
    }
}

const fn after_operator(step: OperatorStep) -> Then {
    match step {
        OperatorStep::Received | OperatorStep::Committed | OperatorStep::Done => BOTH,
    }
}
