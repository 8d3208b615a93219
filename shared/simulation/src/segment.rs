//! What a flow does from one step to the next, undisturbed or under a fault.

use crate::choice::{pick, rest};
use crate::fault::{Fault, Use, calls_after, use_after};
use crate::flow::{Flow, Outcome};
use crate::stage::Stage;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Blow;

/// How often a flow is looked at, some milliseconds apart, before it counts as stuck: for longer than
/// any machine is busy.
const MOST_LOOKS: u32 = 6_000;
/// After so many looks at which no database said or heard anything, whoever waits for a frozen one
/// waits for nothing else.
const LOOKS_OF_SILENCE: u32 = 20;
/// In the history's time: every bound of a database passes within a few of them.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong while a flow goes on from one step to its next.
pub(crate) struct Segment {
    fault: Option<Fault>,
}

impl Segment {
    pub(crate) const fn plain() -> Self {
        Self { fault: None }
    }

    /// The fault begins. The number chooses at which message to a database.
    pub(crate) async fn under(
        fault: Fault,
        step: &str,
        choice: usize,
        stage: &Stage,
    ) -> Result<Self> {
        // Mostly the first: not every segment has more.
        let nth = pick(&[1, 1, 2, 3], choice).copied().unwrap_or(1);
        let mostly = rest(choice.wrapping_shr(2), 4) > 0;
        match fault {
            Fault::ReplyLost => stage.fault(step, json!({ "mode": "lose" })).await?,
            Fault::Refused => stage.fault(step, json!({ "mode": "refuse" })).await?,
            Fault::NeverArrives => {
                let away = json!({ "mode": "fail", "status": 503 });
                stage.fault(step, away).await?;
            }
            Fault::ArrivesLate => stage.fault(step, json!({ "mode": "defer" })).await?,
            Fault::Gone(db) => stage.proxy(db).strike_at(nth, Blow::Cut),
            Fault::Freezes(db) => stage.proxy(db).strike_at(nth, Blow::Freeze),
            Fault::Restarts(db) => stage.proxy(db).strike_at(nth, Blow::Restart),
            Fault::AnswerLost(db) if mostly && use_after(step, db) == Use::Transactions => {
                stage.proxy(db).strike_at(1, Blow::LoseAnswerOfCommit);
            }
            Fault::AnswerLost(db) => stage.proxy(db).strike_at(nth, Blow::LoseAnswer),
            Fault::Kill | Fault::LeaseRunsOut | Fault::Repeated => {}
        }
        Ok(Self { fault: Some(fault) })
    }

    /// The flow goes on to its next step (none) or its end.
    pub(crate) async fn go_through(
        &self,
        flow: &mut Flow,
        stage: &Stage,
    ) -> Result<Option<Outcome>> {
        let mut silence = Silence::default();
        for _ in 0..MOST_LOOKS {
            tokio::select! {
                biased;
                outcome = flow.go_on() => return Ok(outcome),
                () = stage.real_time.passes() => {}
            }
            if silence.lasts(stage) && self.has_frozen(stage) {
                tokio::time::advance(PATIENCE).await;
            }
        }
        bail!("the flow does not come to its next step");
    }

    fn has_frozen(&self, stage: &Stage) -> bool {
        matches!(self.fault, Some(Fault::Freezes(db)) if !stage.proxy(db).is_open())
    }

    /// The fault ends. Whether it struck: what it broke was in use.
    pub(crate) async fn end(self, stage: &Stage) -> Result<bool> {
        match self.fault {
            None | Some(Fault::Kill | Fault::LeaseRunsOut | Fault::Repeated) => Ok(false),
            Some(Fault::ReplyLost | Fault::Refused | Fault::NeverArrives | Fault::ArrivesLate) => {
                stage.end_faults().await
            }
            Some(
                Fault::Gone(db) | Fault::Restarts(db) | Fault::Freezes(db) | Fault::AnswerLost(db),
            ) => {
                let proxy = stage.proxy(db);
                let has_struck = proxy.has_struck();
                proxy.open();
                if has_struck {
                    until_silence(stage).await;
                }
                Ok(has_struck)
            }
        }
    }
}

/// What was said into a freeze, or goes on behind a lost answer, comes to its end.
async fn until_silence(stage: &Stage) {
    let mut silence = Silence::default();
    while !silence.lasts(stage) {
        stage.real_time.passes().await;
    }
}

/// How long no database said or heard anything.
#[derive(Default)]
struct Silence {
    movements: u64,
    looks: u32,
}

impl Silence {
    /// Looks once more. Whether it has lasted long enough; then it begins anew.
    fn lasts(&mut self, stage: &Stage) -> bool {
        let movements = stage.movements();
        if self.movements != movements {
            *self = Self {
                movements,
                looks: 0,
            };
            return false;
        }
        self.looks = self.looks.saturating_add(1);
        if self.looks < LOOKS_OF_SILENCE {
            return false;
        }
        self.looks = 0;
        true
    }
}

impl Stage {
    /// At whatever is called next from this step, once, this goes wrong.
    async fn fault(&self, step: &str, mode: Value) -> Result<()> {
        let calls = calls_after(step);
        for endpoint in calls {
            let mut fault = mode.clone();
            if let Some(fault) = fault.as_object_mut() {
                fault.insert("endpoint".to_owned(), json!(endpoint));
                fault.insert("times".to_owned(), json!(1));
            }
            self.stub.fault(fault).await?;
        }
        self.set_faults(calls.len());
        Ok(())
    }

    /// Nothing goes wrong any more. Whether something did.
    async fn end_faults(&self) -> Result<bool> {
        let left = self.stub.get("/admin/faults").await?;
        let left = left
            .get("faults")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        self.stub.heal().await?;
        Ok(left < self.faults_set())
    }
}
