//! The stubs, asked directly: whether they, and not the functions, are the limit.

use crate::progress;
use crate::stage::{STATION, Stage, USER};
use crate::summary::Summary;
use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::fresh_key;

const REQUESTS: u64 = 300;

/// One of their endpoints.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Stubbed {
    pub(crate) path: &'static str,
    pub(crate) latency: Summary,
}

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Stubbed>> {
    let bar = progress::bar("requests to each of the stubs", REQUESTS)?;
    let mut station = Vec::new();
    let mut hold = Vec::new();
    let mut eject = Vec::new();
    for _ in 0..REQUESTS {
        let path = format!("/station-data?id={STATION}");
        station.push(timed(async || stage.stub.get(&path).await.map(drop)).await?);
        let order = json!({ "user_id": USER, "order_id": fresh_key(), "amount": 500 });
        hold.push(act(stage, "/hold-money-for-order", order).await?);
        let body = json!({ "station_id": STATION });
        eject.push(act(stage, "/eject-powerbank", body).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(vec![
        stubbed("GET /station-data", station)?,
        stubbed("POST /hold-money-for-order", hold)?,
        stubbed("POST /eject-powerbank", eject)?,
    ])
}

fn stubbed(path: &'static str, took: Vec<Duration>) -> Result<Stubbed> {
    let latency = Summary::of(took)?;
    Ok(Stubbed { path, latency })
}

async fn act(stage: &Stage, path: &str, body: Value) -> Result<Duration> {
    timed(async || stage.stub.act(path, body.clone()).await).await
}

async fn timed(work: impl AsyncFn() -> Result<()>) -> Result<Duration> {
    let since = Instant::now();
    work().await?;
    Ok(since.elapsed())
}
