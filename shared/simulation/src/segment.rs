//! What a flow does from one step to the next, undisturbed or under a fault.

use crate::fault::{Db, Fault, calls_after};
use crate::flow::{Flow, Outcome};
use crate::stage::Stage;
use anyhow::Result;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Proxy;

/// In real time: so long nothing has to happen before it counts as waiting for a frozen socket.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// In the history's time: every bound of a database passes within a few of them.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Segment {
    fault: Option<Fault>,
    /// What the proxy had heard before.
    heard: u64,
}

impl Segment {
    pub(crate) const fn plain() -> Self {
        Self {
            fault: None,
            heard: 0,
        }
    }

    /// The fault begins.
    pub(crate) async fn under(fault: Fault, step: &str, stage: &Stage) -> Result<Self> {
        let mut heard = 0;
        match fault {
            Fault::ReplyLost => stage.fault(step, json!({ "mode": "lose" })).await?,
            Fault::Refused => stage.fault(step, json!({ "mode": "refuse" })).await?,
            Fault::NeverArrives => {
                let away = json!({ "mode": "fail", "status": 503 });
                stage.fault(step, away).await?;
            }
            Fault::ArrivesLate => stage.fault(step, json!({ "mode": "defer" })).await?,
            Fault::Gone(db) => {
                let proxy = stage.proxy(db);
                heard = proxy.kept_back();
                proxy.cut();
            }
            Fault::Freezes(db) => {
                let proxy = stage.proxy(db);
                heard = proxy.kept_back();
                proxy.freeze();
            }
            Fault::Restarts(db) => {
                let proxy = stage.proxy(db);
                proxy.cut();
                // Every relay has to notice.
                tokio::task::yield_now().await;
                heard = proxy.passed();
                proxy.open();
            }
            Fault::CommitAnswerLost(db) => stage.proxy(db).lose_answer_of_commit(1),
            Fault::Kill | Fault::LeaseRunsOut | Fault::Repeated => {}
        }
        Ok(Self {
            fault: Some(fault),
            heard,
        })
    }

    /// The flow goes on to its next step (none) or its end.
    pub(crate) async fn go_through(
        &self,
        flow: &mut Flow,
        stage: &Stage,
    ) -> Result<Option<Outcome>> {
        let Some(Fault::Freezes(db)) = self.fault else {
            return Ok(flow.go_on().await);
        };
        let proxy = stage.proxy(db);
        loop {
            tokio::select! {
                biased;
                outcome = flow.go_on() => return Ok(outcome),
                looked = real_pause() => looked?,
            }
            if proxy.kept_back() > self.heard {
                tokio::time::advance(PATIENCE).await;
            }
        }
    }

    /// The fault ends. Whether it struck: what it broke was in use.
    pub(crate) async fn end(self, stage: &Stage) -> Result<bool> {
        let Some(fault) = self.fault else {
            return Ok(false);
        };
        let reopened = |db: Db, heard: fn(&Proxy) -> u64| {
            let proxy = stage.proxy(db);
            proxy.open();
            heard(proxy) > self.heard
        };
        Ok(match fault {
            Fault::ReplyLost | Fault::Refused | Fault::NeverArrives | Fault::ArrivesLate => {
                stage.end_faults().await?
            }
            Fault::Gone(db) | Fault::Freezes(db) => reopened(db, Proxy::kept_back),
            Fault::Restarts(db) => reopened(db, Proxy::passed),
            Fault::CommitAnswerLost(db) => {
                let proxy = stage.proxy(db);
                let was_lost = !proxy.is_to_lose_an_answer();
                proxy.lose_answer_of_commit(0);
                was_lost
            }
            Fault::Kill | Fault::LeaseRunsOut | Fault::Repeated => false,
        })
    }
}

/// Time that passes in the real world, while it stands in the history.
async fn real_pause() -> Result<()> {
    Ok(tokio::task::spawn_blocking(|| std::thread::sleep(LOOK_EVERY)).await?)
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
