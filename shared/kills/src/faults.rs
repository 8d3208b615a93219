//! What goes wrong outside: the provider, the stations and the others treat some calls badly, and
//! users run out of money and come by some.

use crate::stage::Stage;
use anyhow::Result;
use serde_json::{Value, json};

/// More than so many faults do not wait for a call at once.
const MOST_WAITING: usize = 6;

/// Where something goes wrong; the more often one is named, the more often it is hit.
const ENDPOINTS: [&str; 15] = [
    HOLD,
    HOLD,
    HOLD,
    CLEAR,
    CLEAR,
    CLEAR,
    CLEAR,
    EJECT,
    EJECT,
    EJECT,
    RELEASE,
    RETURN,
    "station-data",
    "user-profile",
    "configs",
];
const HOLD: &str = "hold-money-for-order";
const CLEAR: &str = "clear-money-for-order";
const EJECT: &str = "eject-powerbank";
const RELEASE: &str = "release-money-for-order";
const RETURN: &str = "return-powerbank";
/// What may be refused. A station takes what is put back: where it does not, a person goes on.
const REFUSABLE: [&str; 4] = [HOLD, CLEAR, EJECT, RELEASE];

/// How; the more often one is named, the more often it is so.
const MODES: [&str; 24] = [
    "lose", "lose", "lose", "lose", "lose", "fail", "fail", "fail", "fail", "stall", "stall",
    "stall", "stall", "late", "late", "late", "late", "defer", "defer", "garbage", "refuse",
    "refuse", "refuse", "hang",
];

impl Stage {
    /// Adds faults, again and again.
    pub(crate) async fn let_calls_fail(&self) -> Result<()> {
        let mut dice = self.dice("faults");
        while self.pause(dice.millis(40..200)).await {
            let (Some(endpoint), Some(mode)) = (dice.pick(&ENDPOINTS), dice.pick(&MODES)) else {
                continue;
            };
            if *mode == "refuse" && !REFUSABLE.contains(endpoint) {
                continue;
            }
            if self.faults_waiting().await? >= MOST_WAITING {
                continue;
            }
            let mut fault = json!({ "endpoint": endpoint, "mode": mode, "times": 1 });
            if let (Some(fault), "stall" | "late") = (fault.as_object_mut(), *mode) {
                fault.insert("delay_ms".to_owned(), json!(dice.number(10..400)));
            }
            tracing::info!(endpoint, mode, "a fault waits");
            self.world.stub.fault(fault).await?;
        }
        Ok(())
    }

    async fn faults_waiting(&self) -> Result<usize> {
        let faults = self.world.stub.get("/admin/faults").await?;
        let faults = faults.get("faults").and_then(Value::as_array);
        Ok(faults.map_or(0, Vec::len))
    }

    /// Lets calls arrive whose callers gave up long ago, again and again.
    pub(crate) async fn let_late_calls_arrive(&self) -> Result<()> {
        let mut dice = self.dice("late calls");
        while self.pause(dice.millis(500..3_000)).await {
            self.world.stub.late_requests_arrive().await?;
        }
        Ok(())
    }

    /// Takes users' money away and gives it back, again and again: debts arise and are paid.
    pub(crate) async fn let_users_earn_and_spend(&self) -> Result<()> {
        let mut dice = self.dice("money");
        let users = self.users_of_little_money();
        while self.pause(dice.millis(100..600)).await {
            let Some(user_id) = dice.pick(&users) else {
                continue;
            };
            let balance = dice.pick(&[0, 30, 120, 5_000]).copied().unwrap_or_default();
            self.world.stub.set_balance(user_id, balance).await?;
        }
        Ok(())
    }

    /// Nothing goes wrong any more.
    pub(crate) async fn heal(&self) -> Result<()> {
        self.world.stub.heal().await?;
        self.world.stub.late_requests_arrive().await
    }
}
