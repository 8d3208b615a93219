//! What each function weighs once it has worked.

use super::best::{Best, Footprint};
use crate::cost;
use crate::endpoint::Endpoint;
use crate::life::Life;
use crate::progress;
use crate::stage::Stage;
use crate::tick;
use anyhow::{Result, ensure};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::{Bulk, OwnProcess, scheduled_event};

/// To each function but the scheduled ones.
const REQUESTS: u32 = 200;
const BULK: Bulk = Bulk {
    rentals: 2_000,
    active: 2_000,
    due: 2_000,
    settled_attempts: 1,
    waiting_one_in: 0,
};

/// All functions, each in one process.
pub(super) async fn all() -> Result<Best> {
    let stage = Stage::with(BULK).await?;
    let mut found = BTreeMap::new();
    for (function, process) in worked(&stage).await? {
        let footprint = Footprint {
            binary_bytes: cost::binary(function)?,
            peak_memory_kib: cost::peak_memory(&process)? / 1024,
        };
        found.insert(function.to_owned(), footprint);
    }
    Ok(Best(found))
}

async fn worked(stage: &Stage) -> Result<Vec<(&'static str, OwnProcess)>> {
    let mut processes = lived(stage).await?;
    processes.push(("operator", shown(stage).await?));
    // Their units fall due.
    stage.set_minute(1).await?;
    let billing_tick = stage.process("billing-tick").await?;
    let report = billing_tick.invoke(scheduled_event()).await?;
    let billed = tick::rentals(&report)?;
    ensure!(billed >= BULK.due, "a tick over {billed} rentals only");
    processes.push(("billing-tick", billing_tick));
    let reconcile = stage.process("reconcile").await?;
    reconcile.invoke(scheduled_event()).await?;
    processes.push(("reconcile", reconcile));
    Ok(processes)
}

/// The endpoints, after as many rentals' lives.
async fn lived(stage: &Stage) -> Result<Vec<(&'static str, OwnProcess)>> {
    let mut processes = Vec::new();
    for endpoint in Endpoint::ALL {
        let function = endpoint.function();
        processes.push((function, stage.process(function).await?));
    }
    let bar = progress::bar("requests to each function", REQUESTS.into())?;
    for _ in 0..REQUESTS {
        let mut life = Life::default();
        for (endpoint, (_, process)) in Endpoint::ALL.into_iter().zip(&processes) {
            life.go_on(endpoint, process).await?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(processes)
}

/// The operator, after it showed as many rentals.
async fn shown(stage: &Stage) -> Result<OwnProcess> {
    let process = stage.process("operator").await?;
    for rental_id in (0..REQUESTS).map(Bulk::rental_id) {
        let rental_id = format!("rental-{rental_id}");
        let command = json!({ "command": "show", "rental_id": rental_id });
        process.invoke(command).await?;
    }
    Ok(process)
}
