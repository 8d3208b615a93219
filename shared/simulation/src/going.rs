//! How flows begin, go on from step to step, and meet faults on the way.

use crate::choice::{pick, rest};
use crate::fault::{Fault, Strike, calls_after, faults_at};
use crate::flow::{Flow, Invocation, Outcome};
use crate::gate::Place;
use crate::play::Play;
use crate::segment::Segment;
use crate::stage::TICK_SEC;
use anyhow::{Context, Result};
use audit::When;

/// What a flow may take to come to its end, in steps: more than any can.
pub(crate) const MOST_STEPS: usize = 2_000;
/// How far others come, at most, while a worker sleeps: to the end of all but the longest flows.
const MOST_STEPS_BEFORE_WAKING: usize = 12;

impl Play {
    /// Begins a flow; it goes on to its first step.
    pub(crate) async fn begin(&mut self, invocation: Invocation) -> Result<()> {
        let flow = self.put_in(invocation)?;
        self.advance(flow, &mut Segment::plain()).await
    }

    pub(crate) fn put_in(&mut self, invocation: Invocation) -> Result<usize> {
        self.begun = self.begun.saturating_add(1);
        self.note(format!("flow {} begins: {invocation:?}", self.begun));
        self.clients.sends(&invocation, self.stage.rental_now());
        let flow = Flow::of(&self.stage.functions, invocation)?;
        self.flows.insert(self.begun, flow);
        Ok(self.begun)
    }

    /// Begins a flow; it goes on by some steps.
    async fn run_for(&mut self, invocation: Invocation, steps: usize) -> Result<()> {
        let flow = self.put_in(invocation)?;
        self.advance(flow, &mut Segment::plain()).await?;
        for _ in 0..steps {
            let Some(place) = self
                .places(flow)
                .first()
                .copied()
                .filter(|_| !self.is_over())
            else {
                break;
            };
            self.release(flow, place);
            self.advance(flow, &mut Segment::plain()).await?;
        }
        Ok(())
    }

    pub(crate) async fn run_to_its_end(&mut self, invocation: Invocation) -> Result<()> {
        let flow = self.put_in(invocation)?;
        self.advance(flow, &mut Segment::plain()).await?;
        self.finish(flow).await
    }

    /// Lets a flow go on, undisturbed, until it is over.
    pub(crate) async fn finish(&mut self, flow: usize) -> Result<()> {
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

    pub(crate) fn places(&self, flow: usize) -> Vec<Place> {
        self.flows.get(&flow).map(Flow::places).unwrap_or_default()
    }

    pub(crate) fn release(&mut self, flow: usize, place: Place) {
        self.moved |= !calls_after(place.step).is_empty();
        if let Some(flow) = self.flows.get(&flow) {
            flow.release(place);
        }
    }

    /// Of all that stand, one goes on to its next step. Where none stands, it is time for a tick.
    pub(crate) async fn go_on(&mut self, choice: usize) -> Result<()> {
        match self.standing(choice) {
            Some((flow, place)) => self.go_on_from(flow, place).await,
            None => self.next_tick().await,
        }
    }

    /// One of all that stand.
    pub(crate) fn standing(&self, choice: usize) -> Option<(usize, Place)> {
        let standing: Vec<(usize, Place)> = self
            .flows
            .iter()
            .flat_map(|(flow, standing)| standing.places().into_iter().map(|place| (*flow, place)))
            .collect();
        pick(&standing, choice).copied()
    }

    pub(crate) async fn next_tick(&mut self) -> Result<()> {
        self.wait(TICK_SEC).await?;
        self.begin(Invocation::Tick).await
    }

    /// Of all that stand, one goes on by some steps, and there meets a fault. Where none stands, a
    /// reconcile begins.
    pub(crate) async fn meet(&mut self, choice: usize, steps: usize, fault: usize) -> Result<()> {
        let Some((flow, _)) = self.standing(choice) else {
            return self.begin(Invocation::Reconcile).await;
        };
        for _ in 0..steps {
            let places = self.places(flow);
            let Some(place) = pick(&places, choice).copied().filter(|_| !self.is_over()) else {
                return Ok(());
            };
            self.release(flow, place);
            self.advance(flow, &mut Segment::plain()).await?;
        }
        let places = self.places(flow);
        let Some(place) = pick(&places, choice).copied().filter(|_| !self.is_over()) else {
            return Ok(());
        };
        match pick(faults_at(place.step), fault) {
            Some(fault) => self.go_on_under(*fault, flow, place, choice).await,
            None => Ok(()),
        }
    }

    /// Of all flows that stand, one goes on until it is over. Where none stands, it is time for a
    /// tick.
    pub(crate) async fn go_on_to_the_end(&mut self, choice: usize) -> Result<()> {
        let standing: Vec<usize> = self.flows.keys().copied().collect();
        let Some(flow) = pick(&standing, choice).copied() else {
            return self.next_tick().await;
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
    pub(crate) async fn go_on_from(&mut self, flow: usize, place: Place) -> Result<()> {
        let lies_in_wait = self
            .waiting
            .iter()
            .position(|(strike, _)| strike.step == place.step);
        match lies_in_wait.and_then(|position| self.waiting.remove(position)) {
            Some((strike, choice)) => self.go_on_under(strike.fault, flow, place, choice).await,
            None => {
                self.release(flow, place);
                self.advance(flow, &mut Segment::plain()).await
            }
        }
    }

    /// A flow goes on from where it stands, under a fault. A number chooses what others do meanwhile.
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
            Fault::LeaseRunsOut => {
                self.stage.wait(26).await?;
                let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
                let retry = self.clients.start(choice);
                let others = [
                    Some(Invocation::Tick),
                    Some(Invocation::Reconcile),
                    again,
                    retry,
                ];
                // Some of them stand half way when the worker wakes.
                for (bits, other) in (0..).step_by(4).zip(others.into_iter().flatten()) {
                    let steps = rest(choice.wrapping_shr(bits), MOST_STEPS_BEFORE_WAKING);
                    self.run_for(other, steps).await?;
                }
                self.struck(place.step, fault);
            }
            Fault::Repeated => {
                let again = self.flows.get(&flow).map(|flow| flow.invocation.clone());
                let times = rest(choice, 4).saturating_add(1);
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
        self.played.tally.struck(Strike { step, fault });
    }

    /// The flow goes on to its next step, or its end, and the books are looked at.
    pub(crate) async fn advance(&mut self, flow: usize, segment: &mut Segment) -> Result<()> {
        let going = self.flows.get_mut(&flow).context("no such flow")?;
        match segment.go_through(going, &self.stage).await? {
            Some(outcome) => {
                self.note(format!("flow {flow} is over: {outcome:?}"));
                let invocation = self.flows.remove(&flow).context("no such flow")?.invocation;
                self.hear(&invocation, outcome);
            }
            None => {
                let steps: Vec<_> = self.places(flow).iter().map(|place| place.step).collect();
                self.note(format!("flow {flow} stands at {}", steps.join(", ")));
            }
        }
        self.audit(When::AnyMoment).await
    }

    pub(crate) fn hear(&mut self, invocation: &Invocation, outcome: Outcome) {
        let now = self.stage.rental_now();
        let heard = self.clients.hear(invocation, outcome, now);
        self.played.tally.report.merge(heard);
        self.take_over_violations();
    }
}
