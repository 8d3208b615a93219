//! How often a tick asks its database for something, counted on the way there: unlike
//! `pg_stat_statements`, no server has to have been built with it.

use crate::stage::Stage;
use crate::tick;
use anyhow::Result;
use testkit::{Proxy, scheduled_event};

/// Statements, BEGIN and COMMIT among them, a due rental, of the tick that comes at `minute`.
pub(crate) async fn a_rental(stage: &Stage, minute: i64) -> Result<f64> {
    let proxy = Proxy::start(stage.databases.address()).await?;
    let [_, billing] = stage.databases.urls_through(proxy.port(), proxy.port());
    let env = [("BILLING_DATABASE_URL", billing.as_str())];
    let process = stage.lambda.process("billing-tick", &env)?;
    stage.set_minute(minute).await?;
    // Connections are made, and statements prepared: that is asked for once.
    process.invoke(scheduled_event()).await?;
    stage.set_minute(minute.saturating_add(1)).await?;
    let before = proxy.passed();
    let report = process.invoke(scheduled_event()).await?;
    let asked = u32::try_from(proxy.passed().saturating_sub(before))?;
    Ok(f64::from(asked) / f64::from(tick::rentals(&report)?))
}
