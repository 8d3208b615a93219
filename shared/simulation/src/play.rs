//! Plays a history: begins flows, lets one of them go on at a time, and looks at the books after
//! each step.

use crate::clients::Clients;
use crate::fault::{Db, Fault, calls_after};
use crate::flow::{Flow, Invocation, Outcome};
use crate::gate::Place;
use crate::history::{Command, History, Operation, STRIKES};
use crate::segment::Segment;
use crate::stage::{STATIONS, Stage, user_id};
use crate::tally::Tally;
use anyhow::{Context, Result};
use audit::When;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// What a flow may take to come to its end, in steps: more than any can.
const MOST_STEPS: usize = 2_000;

/// What came of a history.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// How many of its operations were performed.
    pub(crate) performed: usize,
    /// What happened, line by line; a history that is played again has the same.
    pub(crate) trace: Vec<String>,
    /// The laws that were broken; none for a good history.
    pub(crate) violations: Vec<String>,
}

/// Plays a history from its beginning to two rounds after its end, or to its first violation.
pub(crate) async fn play(history: &History) -> Result<Played> {
    crate::ids::begin();
    let stage = Stage::build(&history.setup).await?;
    let mut play = Play {
        stage,
        users: history.setup.users.len(),
        flows: BTreeMap::new(),
        begun: 0,
        clients: Clients::default(),
        waiting: VecDeque::new(),
        played: Played::default(),
        moved: true,
        heard: (0, 0),
    };
    for operation in &history.operations {
        play.perform(operation).await?;
        if play.is_over() {
            return Ok(play.played);
        }
    }
    play.come_to_rest(history.clients_come_back).await?;
    play.played.tally.histories = 1;
    Ok(play.played)
}

struct Play {
    stage: Stage,
    users: usize,
    flows: BTreeMap<usize, Flow>,
    begun: usize,
    clients: Clients,
    /// What lies in wait, and where.
    waiting: VecDeque<(&'static str, Fault)>,
    played: Played,
    /// Whether the time moved, or something may have been asked of the outside, since the last look
    /// at the books.
    moved: bool,
    /// What either database had heard at the last look.
    heard: (u64, u64),
}

impl Play {
    fn is_over(&self) -> bool {
        !self.played.violations.is_empty()
    }

    async fn perform(&mut self, operation: &Operation) -> Result<()> {
        self.note(format!("{operation:?}"));
        self.played.performed = self.played.performed.saturating_add(1);
        let tally = &mut self.played.tally;
        tally.operations = tally.operations.saturating_add(1);
        match operation {
            Operation::GoOn(choice) => self.go_on(*choice).await,
            Operation::Finish(choice) => self.go_on_to_the_end(*choice).await,
            Operation::Rent { user, station } => self.rent(*user, *station).await,
            Operation::StartAgain(choice) => match self.clients.start(*choice) {
                Some(start) => self.begin(start).await,
                None => Ok(()),
            },
            Operation::Stop { rental, station } => self.stop(*rental, *station).await,
            Operation::StopAgain(choice) => match self.clients.stop(*choice) {
                Some(stop) => self.begin(stop).await,
                None => Ok(()),
            },
            Operation::Look(choice) => match self.started(*choice).await? {
                Some(rental_id) => self.run_to_its_end(Invocation::Status { rental_id }).await,
                None => Ok(()),
            },
            Operation::Ticks(count) => {
                for _ in 0..*count {
                    self.begin(Invocation::Tick).await?;
                }
                Ok(())
            }
            Operation::Reconcile => self.begin(Invocation::Reconcile).await,
            Operation::Command { command, choice } => self.command(*command, *choice).await,
            Operation::Wait(seconds) => self.wait(*seconds).await,
            Operation::LieInWait(choice) => {
                if let Some(strike) = pick(&STRIKES, *choice) {
                    self.waiting.push_back(*strike);
                }
                Ok(())
            }
            Operation::Pay { user, balance } => {
                let user_id = user_id(rest(*user, self.users));
                self.stage.stub.set_balance(&user_id, *balance).await
            }
            Operation::Restock {
                station,
                bank_is_out,
            } => self.restock(*station, *bank_is_out).await,
            Operation::Spoil { rental, what } => match self.started(*rental).await? {
                Some(rental_id) => self.stage.spoil(uuid(&rental_id)?, *what).await,
                None => Ok(()),
            },
            Operation::Mend => self.mend().await,
            Operation::LateOnesArrive => self.late_ones_arrive().await,
        }
    }

    /// A quote, and where there is one, a start by it.
    async fn rent(&mut self, user: usize, station: usize) -> Result<()> {
        let quote = Invocation::Quote {
            user_id: user_id(rest(user, self.users)),
            station_id: station_id(station),
        };
        self.run_to_its_end(quote).await?;
        match self.clients.take_quote() {
            Some(quote_id) => {
                let key = runtime::fresh_id().to_string();
                self.begin(Invocation::Start { quote_id, key }).await
            }
            None => Ok(()),
        }
    }

    async fn stop(&mut self, rental: usize, station: usize) -> Result<()> {
        let Some(rental_id) = self.started(rental).await? else {
            return Ok(());
        };
        let stop = Invocation::Stop {
            rental_id,
            station_id: station_id(station),
            key: runtime::fresh_id().to_string(),
        };
        self.begin(stop).await
    }

    async fn command(&mut self, command: Command, choice: usize) -> Result<()> {
        let Some(rental_id) = self.started(choice).await? else {
            return Ok(());
        };
        let billing = &self.stage.databases.billing;
        let command = match command {
            Command::Show => json!({ "command": "show", "rental_id": rental_id }),
            Command::Requeue => {
                json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" })
            }
            Command::Finish(seconds_ago) => {
                let ago = TimeDelta::try_seconds(seconds_ago).unwrap_or_default();
                let now = self.stage.rental_now();
                json!({
                    "command": "finish",
                    "rental_id": rental_id,
                    "finished_at": now.checked_sub_signed(ago).unwrap_or(now),
                    "operator": "anna",
                    "reason": "the station was away",
                })
            }
            Command::MarkRefundPaid => {
                let owed = "SELECT refund_id FROM refunds ORDER BY refund_id";
                let owed = self.stage.ids(billing, owed).await?;
                let Some(refund_id) = pick(&owed, choice) else {
                    return Ok(());
                };
                json!({ "command": "mark-refund-paid", "refund_id": refund_id, "operator": "anna" })
            }
            Command::ResolveAttempt => {
                let open = "SELECT attempt_id FROM payment_attempts WHERE status = 'OPEN'
                            ORDER BY attempt_id";
                let open = self.stage.ids(billing, open).await?;
                let Some(attempt_id) = pick(&open, choice) else {
                    return Ok(());
                };
                // A person says what the provider's own books tell.
                let taken = self.stage.took(*attempt_id).await?;
                json!({
                    "command": "resolve-attempt",
                    "attempt_id": attempt_id,
                    "outcome": if taken { "succeeded" } else { "declined" },
                    "operator": "anna",
                })
            }
        };
        self.begin(Invocation::Operator(command)).await
    }

    async fn restock(&mut self, station: usize, bank_is_out: bool) -> Result<()> {
        let mut changes = json!({ "available_powerbanks": 20 });
        if bank_is_out && let Some(powerbank_id) = self.stage.bank_that_is_out().await? {
            changes = json!({ "available_powerbanks": 20, "next_powerbank_id": powerbank_id });
        }
        let path = format!("/admin/stations/{}", station_id(station));
        self.stage.stub.put(&path, changes).await
    }

    async fn mend(&mut self) -> Result<()> {
        for rental_id in self.stage.mend().await? {
            let rental_id = format!("rental-{rental_id}");
            let requeue =
                json!({ "command": "requeue", "rental_id": rental_id, "operator": "anna" });
            self.run_to_its_end(Invocation::Operator(requeue)).await?;
        }
        Ok(())
    }

    async fn late_ones_arrive(&mut self) -> Result<()> {
        self.stage.stub.late_requests_arrive().await?;
        self.moved = true;
        self.audit(When::AnyMoment).await
    }

    async fn wait(&mut self, seconds: i64) -> Result<()> {
        self.stage.wait(seconds).await?;
        self.moved = true;
        self.audit(When::AnyMoment).await
    }

    /// One of the started rentals.
    async fn started(&self, choice: usize) -> Result<Option<String>> {
        let started =
            "SELECT rental_id FROM rentals WHERE started_at IS NOT NULL ORDER BY rental_id";
        let started = self
            .stage
            .ids(&self.stage.databases.rental, started)
            .await?;
        Ok(pick(&started, choice).map(|id| format!("rental-{id}")))
    }

    /// Begins a flow; it goes on to its first step.
    async fn begin(&mut self, invocation: Invocation) -> Result<()> {
        let flow = self.put_in(invocation)?;
        self.advance(flow, &mut Segment::plain()).await
    }

    fn put_in(&mut self, invocation: Invocation) -> Result<usize> {
        self.begun = self.begun.saturating_add(1);
        self.note(format!("flow {} begins: {invocation:?}", self.begun));
        self.clients.sends(&invocation);
        let flow = Flow::of(&self.stage.functions, invocation)?;
        self.flows.insert(self.begun, flow);
        Ok(self.begun)
    }

    async fn run_to_its_end(&mut self, invocation: Invocation) -> Result<()> {
        let flow = self.put_in(invocation)?;
        self.advance(flow, &mut Segment::plain()).await?;
        self.finish(flow).await
    }

    /// Lets a flow go on, undisturbed, until it is over.
    async fn finish(&mut self, flow: usize) -> Result<()> {
        for _ in 0..MOST_STEPS {
            if self.is_over() {
                return Ok(());
            }
            let Some(place) = self.places(flow).first().copied() else {
                return Ok(());
            };
            self.release(flow, place);
            self.advance(flow, &mut Segment::plain()).await?;
        }
        anyhow::bail!("flow {flow} never comes to an end");
    }

    fn places(&self, flow: usize) -> Vec<Place> {
        self.flows.get(&flow).map(Flow::places).unwrap_or_default()
    }

    fn release(&mut self, flow: usize, place: Place) {
        self.moved |= !calls_after(place.step).is_empty();
        if let Some(flow) = self.flows.get(&flow) {
            flow.release(place);
        }
    }

    /// Of all that stand, one goes on to its next step. Where none stands, a tick begins.
    async fn go_on(&mut self, choice: usize) -> Result<()> {
        let standing: Vec<(usize, Place)> = self
            .flows
            .iter()
            .flat_map(|(flow, standing)| standing.places().into_iter().map(|place| (*flow, place)))
            .collect();
        match pick(&standing, choice).copied() {
            Some((flow, place)) => self.go_on_from(flow, place).await,
            None => self.begin(Invocation::Tick).await,
        }
    }

    /// Of all flows that stand, one goes on until it is over. Where none stands, a tick begins.
    async fn go_on_to_the_end(&mut self, choice: usize) -> Result<()> {
        let standing: Vec<usize> = self.flows.keys().copied().collect();
        let Some(flow) = pick(&standing, choice).copied() else {
            return self.begin(Invocation::Tick).await;
        };
        for _ in 0..MOST_STEPS {
            let places = self.places(flow);
            let Some(place) = pick(&places, choice).copied() else {
                return Ok(());
            };
            if self.is_over() {
                return Ok(());
            }
            self.go_on_from(flow, place).await?;
        }
        anyhow::bail!("flow {flow} never comes to an end");
    }

    /// A flow goes on from where it stands, and meets what lies in wait for it there.
    async fn go_on_from(&mut self, flow: usize, place: Place) -> Result<()> {
        let lies_in_wait = self
            .waiting
            .iter()
            .position(|(step, _)| *step == place.step);
        match lies_in_wait.and_then(|position| self.waiting.remove(position)) {
            Some((_, fault)) => self.go_on_under(fault, flow, place).await,
            None => {
                self.release(flow, place);
                self.advance(flow, &mut Segment::plain()).await
            }
        }
    }

    async fn go_on_under(&mut self, fault: Fault, flow: usize, place: Place) -> Result<()> {
        self.note(format!("at {} of flow {flow}: {fault}", place.step));
        match fault {
            Fault::Kill => {
                self.flows.remove(&flow);
                self.struck(place.step, fault);
                return self.audit(When::AnyMoment).await;
            }
            Fault::LeaseRunsOut => {
                self.stage.wait(26).await?;
                let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
                let others = [Some(Invocation::Tick), Some(Invocation::Reconcile), again];
                for other in others.into_iter().flatten() {
                    self.run_to_its_end(other).await?;
                }
                self.struck(place.step, fault);
            }
            Fault::Repeated => {
                let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
                let times = rest(flow, 4).saturating_add(1);
                for again in std::iter::repeat_n(again, times).flatten() {
                    self.run_to_its_end(again).await?;
                }
                self.struck(place.step, fault);
            }
            _ => {}
        }
        if self.is_over() {
            return Ok(());
        }
        self.release(flow, place);
        let mut segment = Segment::under(fault, place.step, &self.stage).await?;
        self.advance(flow, &mut segment).await?;
        if segment.end(&self.stage).await? {
            self.struck(place.step, fault);
        }
        Ok(())
    }

    fn struck(&mut self, step: &'static str, fault: Fault) {
        self.played.tally.struck(step, fault);
    }

    /// The flow goes on to its next step, or its end, and the books are looked at.
    async fn advance(&mut self, flow: usize, segment: &mut Segment) -> Result<()> {
        let going = self.flows.get_mut(&flow).context("no such flow")?;
        match segment.go_through(going, &self.stage).await? {
            Some(outcome) => {
                self.note(format!("flow {flow} is over: {outcome:?}"));
                let invocation = going_invocation(self.flows.remove(&flow))?;
                self.hear(&invocation, outcome);
            }
            None => {
                let steps: Vec<_> = self.places(flow).iter().map(|place| place.step).collect();
                self.note(format!("flow {flow} stands at {}", steps.join(", ")));
            }
        }
        self.audit(When::AnyMoment).await
    }

    fn hear(&mut self, invocation: &Invocation, outcome: Outcome) {
        let now = self.stage.rental_now();
        let heard = self.clients.hear(invocation, outcome, now);
        self.played.tally.report.merge(heard);
        self.take_over_violations();
    }

    /// Looks at the books. In the middle of a history, only when something can have moved in them.
    async fn audit(&mut self, when: When) -> Result<()> {
        let heard = (
            self.stage.proxy(Db::Rental).passed(),
            self.stage.proxy(Db::Billing).passed(),
        );
        let moved = std::mem::take(&mut self.moved) || self.heard != heard;
        self.heard = heard;
        if when == When::AnyMoment && !moved {
            return Ok(());
        }
        let report = self.stage.audit(when).await?;
        self.played.tally.report.merge(report);
        self.take_over_violations();
        Ok(())
    }

    fn take_over_violations(&mut self) {
        let report = &mut self.played.tally.report;
        for violation in report.violations.drain(..) {
            let violation = format!(
                "{}: {}: {}",
                violation.law, violation.rental_id, violation.what
            );
            self.played.trace.push(format!("VIOLATION {violation}"));
            self.played.violations.push(violation);
        }
    }

    /// The last fault ends, everything that stands comes to its end or dies, and two rounds later
    /// nothing may be left.
    async fn come_to_rest(&mut self, clients_come_back: bool) -> Result<()> {
        self.note("the last fault ends".to_owned());
        self.waiting.clear();
        for flow in self.flows.keys().copied().collect::<Vec<_>>() {
            if self.is_over() {
                return Ok(());
            }
            if clients_come_back {
                self.finish(flow).await?;
            } else {
                self.flows.remove(&flow);
            }
        }
        self.late_ones_arrive().await?;
        self.mend().await?;
        if clients_come_back {
            self.stage.wait(26).await?;
            for again in self.clients.unanswered() {
                self.run_to_its_end(again).await?;
            }
        }
        for _ in 0..2 {
            self.stage.wait(61).await?;
            self.run_to_its_end(Invocation::Tick).await?;
            self.run_to_its_end(Invocation::Reconcile).await?;
            if self.is_over() {
                return Ok(());
            }
        }
        self.audit(When::AtRest).await
    }

    fn note(&mut self, line: String) {
        self.played.trace.push(line);
    }
}

fn going_invocation(flow: Option<Flow>) -> Result<Invocation> {
    Ok(flow.context("no such flow")?.invocation)
}

fn station_id(choice: usize) -> String {
    pick(&STATIONS, choice)
        .copied()
        .unwrap_or_default()
        .to_owned()
}

fn uuid(rental_id: &str) -> Result<Uuid> {
    Ok(rental_id.trim_start_matches("rental-").parse()?)
}

/// One of them, whatever the number.
fn pick<T>(from: &[T], choice: usize) -> Option<&T> {
    from.get(choice.checked_rem(from.len())?)
}

fn rest(number: usize, by: usize) -> usize {
    number.checked_rem(by).unwrap_or_default()
}
