//! What goes wrong outside: the provider, the stations and the others are slow and treat some calls
//! badly, and users run out of money and come by some.

use crate::dice::Dice;
use crate::stage::Stage;
use anyhow::Result;
use serde_json::{Value, json};
use std::ops::Range;
use std::time::Duration;

const HOLD: &str = "hold-money-for-order";
const CLEAR: &str = "clear-money-for-order";
const EJECT: &str = "eject-powerbank";
const RELEASE: &str = "release-money-for-order";
const RETURN: &str = "return-powerbank";

/// Whatever moves money or hardware takes its time, as it does in the world outside.
const SLOW: [&str; 5] = [HOLD, CLEAR, EJECT, RELEASE, RETURN];
const SLOW_MS: Range<u64> = 5..70;
/// What may be refused. A station takes what is put back: where it does not, a person goes on.
const REFUSABLE: [&str; 4] = [HOLD, CLEAR, EJECT, RELEASE];
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
/// What; the more often one is named, the more often it is so.
const MODES: [&str; 15] = [
    "lose", "lose", "lose", "lose", "fail", "fail", "fail", "late", "late", "defer", "garbage",
    "refuse", "refuse", "refuse", "hang",
];

impl Stage {
    /// Changes how calls are treated, again and again.
    pub(crate) async fn let_calls_fail(&self) -> Result<()> {
        let mut dice = self.dice("faults");
        loop {
            // Those that hang are let go.
            self.world.stub.heal().await?;
            for _ in 0..dice.number(1..7) {
                if let Some(fault) = fault(&mut dice) {
                    tracing::info!(%fault, "a fault waits");
                    self.world.stub.fault(fault).await?;
                }
            }
            // Tried after the others.
            for endpoint in SLOW {
                let mode = if dice.percent(50) { "stall" } else { "late" };
                let delay_ms = dice.number(SLOW_MS);
                let slow = json!({ "endpoint": endpoint, "mode": mode, "delay_ms": delay_ms });
                self.world.stub.fault(slow).await?;
            }
            if !self.pause(how_long(&mut dice)).await {
                return Ok(());
            }
        }
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
        let users = Self::users_of_little_money();
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

/// Something that goes wrong once.
fn fault(dice: &mut Dice) -> Option<Value> {
    let (endpoint, mode) = (dice.pick(&ENDPOINTS)?, dice.pick(&MODES)?);
    if *mode == "refuse" && !REFUSABLE.contains(endpoint) {
        return None;
    }
    let mut fault = json!({ "endpoint": endpoint, "mode": mode, "times": 1 });
    if *mode == "late" {
        // Some come after the caller's patience of 3 s.
        let delay_ms = dice.number(200..3_500);
        fault
            .as_object_mut()?
            .insert("delay_ms".to_owned(), json!(delay_ms));
    }
    Some(fault)
}

/// Now and then so long that callers of what hangs lose their patience.
fn how_long(dice: &mut Dice) -> Duration {
    if dice.percent(7) {
        dice.millis(3_000..9_000)
    } else {
        dice.millis(200..1_200)
    }
}
