//! How flows begin, go on from step to step, and meet faults on the way.

use crate::choice::{pick, rest};
use crate::fault::{Db, Fault, Strike, Use, calls_after, faults_at, use_after};
use crate::flow::{Flow, Invocation, Outcome};
use crate::gate::Place;
use crate::play::Play;
use crate::segment::Segment;
use crate::stage::{PAST_A_LEASE_SEC, TICK_SEC};
use anyhow::{Context, Result};
use audit::{Law, When};
use billing_tick::TickStep;

/// What a flow may take to come to its end, in steps: more than any can.
pub(crate) const MOST_STEPS: usize = 2_000;
/// How far others come, at most, while a worker sleeps: to the end of all but the longest flows.
const MOST_STEPS_BEFORE_WAKING: usize = 12;

impl Play {
    /// Begins a flow; it goes on to its first step.
    async fn begin(&mut self, invocation: Invocation) -> Result<usize> {
        self.begun = self.begun.saturating_add(1);
        let flow = self.begun;
        self.note(format!("flow {flow} begins: {invocation:?}"));
        let now = self.stage.rental_now();
        self.clients.sends(&invocation, now);
        let begun = Flow::of(&self.stage.functions, invocation, now)?;
        self.flows.insert(flow, begun);
        self.advance(flow, &Segment::plain()).await?;
        Ok(flow)
    }

    /// Begins a flow, and leaves it where it stands.
    pub(crate) async fn set_off(&mut self, invocation: Invocation) -> Result<()> {
        self.begin(invocation).await.map(|_| ())
    }

    pub(crate) async fn run_to_its_end(&mut self, invocation: Invocation) -> Result<()> {
        let flow = self.begin(invocation).await?;
        self.finish(flow).await
    }

    /// Lets a flow go on, undisturbed, until it is over.
    pub(crate) async fn finish(&mut self, flow: usize) -> Result<()> {
        self.walk(flow, 0, MOST_STEPS).await?;
        anyhow::ensure!(
            self.is_over() || !self.flows.contains_key(&flow),
            "flow {flow} never comes to an end"
        );
        Ok(())
    }

    /// Lets a flow go on, undisturbed, by some steps, or until it is over. The number chooses which
    /// of the things that it does side by side goes on.
    async fn walk(&mut self, flow: usize, choice: usize, steps: usize) -> Result<()> {
        for _ in 0..steps {
            let Some(place) = self.place(flow, choice) else {
                break;
            };
            self.step_on(flow, place).await?;
        }
        Ok(())
    }

    /// Where a flow stands; none when it, or the history, is over.
    fn place(&self, flow: usize, choice: usize) -> Option<Place> {
        let places = self.places(flow);
        pick(&places, choice).copied().filter(|_| !self.is_over())
    }

    pub(crate) fn places(&self, flow: usize) -> Vec<Place> {
        self.flows.get(&flow).map(Flow::places).unwrap_or_default()
    }

    /// Of all that stand, one goes on to its next step. Where none stands, it is time for a tick.
    pub(crate) async fn go_on(&mut self, choice: usize) -> Result<()> {
        match self.standing(choice) {
            Some((flow, place)) => self.go_on_from(flow, place).await,
            None => self.next_tick().await,
        }
    }

    /// One of all that stand.
    fn standing(&self, choice: usize) -> Option<(usize, Place)> {
        let standing: Vec<(usize, Place)> = self
            .flows
            .iter()
            .flat_map(|(flow, standing)| standing.places().into_iter().map(|place| (*flow, place)))
            .collect();
        pick(&standing, choice).copied()
    }

    pub(crate) async fn next_tick(&mut self) -> Result<()> {
        self.wait(TICK_SEC).await?;
        self.set_off(Invocation::Tick).await
    }

    /// Of all that stand, one goes on by some steps, and there meets a fault. Where none stands, a
    /// reconcile begins.
    pub(crate) async fn meet(&mut self, choice: usize, steps: usize, fault: usize) -> Result<()> {
        let Some((flow, _)) = self.standing(choice) else {
            return self.set_off(Invocation::Reconcile).await;
        };
        self.walk(flow, choice, steps).await?;
        let Some(place) = self.place(flow, choice) else {
            return Ok(());
        };
        match pick(faults_at(place.step), fault) {
            Some(fault) => self.go_on_under(*fault, flow, place, choice).await,
            None => Ok(()),
        }
    }

    /// Of all flows that stand, one goes on until it is over, or dies of what lies in wait for it.
    /// Where none stands, it is time for a tick.
    pub(crate) async fn go_on_to_the_end(&mut self, choice: usize) -> Result<()> {
        let standing: Vec<usize> = self.flows.keys().copied().collect();
        let Some(flow) = pick(&standing, choice).copied() else {
            return self.next_tick().await;
        };
        for _ in 0..MOST_STEPS {
            match self.place(flow, choice) {
                Some(place) => self.go_on_from(flow, place).await?,
                None => return Ok(()),
            }
        }
        anyhow::bail!("flow {flow} never comes to an end");
    }

    /// A flow goes on from where it stands, and meets what lies in wait for it there.
    pub(crate) async fn go_on_from(&mut self, flow: usize, place: Place) -> Result<()> {
        let lies_in_wait = self
            .waiting
            .iter()
            .position(|(strike, _)| strike.step == place.step);
        match lies_in_wait.and_then(|position| self.waiting.remove(position)) {
            Some((strike, choice)) => self.go_on_under(strike.fault, flow, place, choice).await,
            None => self.step_on(flow, place).await,
        }
    }

    /// A flow goes on, undisturbed. What it does at the databases must be what its step is known for:
    /// otherwise there are faults that never strike there.
    async fn step_on(&mut self, flow: usize, place: Place) -> Result<()> {
        let before = Db::BOTH.map(|db| {
            (
                db,
                self.stage.proxy(db).passed(),
                self.stage.proxy(db).commits(),
            )
        });
        self.release(flow, place);
        self.advance(flow, &Segment::plain()).await?;
        for (db, passed, commits) in before {
            let proxy = self.stage.proxy(db);
            let used = if proxy.commits() > commits {
                Use::Transactions
            } else if proxy.passed() > passed {
                Use::Statements
            } else {
                Use::Nothing
            };
            // A tick renews its leases whenever that is due.
            let is_renewal = used == Use::Statements && is_in_a_tick(place.step);
            anyhow::ensure!(
                used <= use_after(place.step, db) || is_renewal,
                "after {} {db:?} is used for {used:?}: fault.rs does not know",
                place.step
            );
        }
        Ok(())
    }

    fn release(&mut self, flow: usize, place: Place) {
        self.moved |= !calls_after(place.step).is_empty();
        if let Some(flow) = self.flows.get(&flow) {
            flow.release(place);
        }
    }

    /// A flow goes on from where it stands, under a fault. A number chooses when exactly, and what
    /// others do meanwhile.
    pub(crate) async fn go_on_under(
        &mut self,
        fault: Fault,
        flow: usize,
        place: Place,
        choice: usize,
    ) -> Result<()> {
        self.note(format!("at {} of flow {flow}: {fault}", place.step));
        match fault {
            Fault::Kill => {
                self.flows.remove(&flow);
                self.struck(place.step, fault);
                return self.audit(When::AnyMoment).await;
            }
            Fault::LeaseRunsOut => self.sleep_past_a_lease(flow, choice).await?,
            Fault::Repeated => {
                let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
                let times = rest(choice, 4).saturating_add(1);
                for again in std::iter::repeat_n(again, times).flatten() {
                    self.run_to_its_end(again).await?;
                }
            }
            _ => {}
        }
        if self.is_over() {
            return Ok(());
        }
        self.release(flow, place);
        let segment = Segment::under(fault, place.step, choice, &self.stage).await?;
        self.advance(flow, &segment).await?;
        let was_in_use = segment.end(&self.stage).await?;
        if was_in_use || matches!(fault, Fault::LeaseRunsOut | Fault::Repeated) {
            self.struck(place.step, fault);
        }
        // What a freeze kept back, or went on behind a lost answer, has come by now.
        self.moved = true;
        self.audit(When::AnyMoment).await?;
        // It arrives when the caller has given up: at once, or some day.
        if fault == Fault::ArrivesLate && choice.is_multiple_of(2) {
            self.late_ones_arrive().await?;
        }
        Ok(())
    }

    /// A worker sleeps; others come meanwhile, and some of them stand half way when it wakes.
    async fn sleep_past_a_lease(&mut self, flow: usize, choice: usize) -> Result<()> {
        self.wait(PAST_A_LEASE_SEC).await?;
        let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
        let retry = self.clients.unanswered_start(choice);
        let others = [
            again,
            retry,
            Some(Invocation::Tick),
            Some(Invocation::Reconcile),
        ];
        for (bits, other) in (0..).step_by(5).zip(others.into_iter().flatten()) {
            let choice = choice.wrapping_shr(bits);
            if choice.is_multiple_of(2) {
                let other = self.begin(other).await?;
                let steps = rest(choice.wrapping_shr(1), MOST_STEPS_BEFORE_WAKING);
                self.walk(other, 0, steps).await?;
            }
        }
        Ok(())
    }

    fn struck(&mut self, step: &'static str, fault: Fault) {
        self.played.tally.struck(Strike { step, fault });
    }

    /// The flow goes on to its next step, or its end, and the books are looked at.
    async fn advance(&mut self, flow: usize, segment: &Segment) -> Result<()> {
        let going = self.flows.get_mut(&flow).context("no such flow")?;
        match segment.go_through(going, &self.stage).await? {
            Some(outcome) => {
                self.note(format!("flow {flow} is over: {outcome:?}"));
                let over = self.flows.remove(&flow).context("no such flow")?;
                self.hear(&over, outcome);
            }
            None => {
                let steps: Vec<_> = self.places(flow).iter().map(|place| place.step).collect();
                self.note(format!("flow {flow} stands at {}", steps.join(", ")));
            }
        }
        self.audit(When::AnyMoment).await
    }

    fn hear(&mut self, over: &Flow, outcome: Outcome) {
        let now = self.stage.rental_now();
        let invocation = &over.invocation;
        let is_left_to_a_person =
            outcome.asks_nobody() && self.clients.comes_too_late(invocation, now);
        if let Some(why) = outcome.defect(self.is_calm && !is_left_to_a_person) {
            let report = &mut self.played.tally.report;
            report.violate(Law::SetAside, format!("{invocation:?}"), why);
        }
        let heard = self.clients.hear(invocation, over.begun_at, outcome, now);
        self.played.tally.report.merge(heard);
        self.take_over_violations();
    }
}

fn is_in_a_tick(step: &'static str) -> bool {
    let fault = Fault::Kill;
    Strike { step, fault }.is_at(TickStep::ALL)
}
