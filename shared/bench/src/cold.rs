//! Fresh processes: how long until one asks for work, and until its first answer.

use crate::endpoint::{Endpoint, floor_event};
use crate::life::Life;
use crate::pair::Pair;
use crate::progress;
use crate::stage::{FLOOR, Stage};
use anyhow::{Context, Result};
use std::time::Duration;
use testkit::OwnProcess;

/// A process from its start to its first answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) first_poll: Duration,
    pub(crate) first_answer: Duration,
}

/// By endpoint, in the order of [`Endpoint::ALL`].
pub(crate) type Starts = Vec<(Endpoint, Vec<Pair<Start>>)>;

pub(crate) async fn measure(stage: &Stage, pairs: u64) -> Result<Starts> {
    let bar = progress::bar("pairs of fresh processes of each endpoint", pairs)?;
    let mut starts: Starts = Endpoint::ALL.map(|endpoint| (endpoint, Vec::new())).into();
    for number in 0..pairs {
        let mut life = Life::default();
        for (endpoint, pairs) in &mut starts {
            pairs.push(pair(stage, *endpoint, &mut life, number % 2 == 0).await?);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(starts)
}

/// Who goes first alternates.
async fn pair(
    stage: &Stage,
    endpoint: Endpoint,
    life: &mut Life,
    floor_first: bool,
) -> Result<Pair<Start>> {
    if floor_first {
        let floor = floor(stage, endpoint).await?;
        let ours = ours(stage, endpoint, life).await?;
        return Ok(Pair {
            measured: ours,
            yardstick: floor,
        });
    }
    let ours = ours(stage, endpoint, life).await?;
    let floor = floor(stage, endpoint).await?;
    Ok(Pair {
        measured: ours,
        yardstick: floor,
    })
}

async fn ours(stage: &Stage, endpoint: Endpoint, life: &mut Life) -> Result<Start> {
    start(stage, endpoint.function(), async |process| {
        life.go_on(endpoint, process).await
    })
    .await
}

async fn floor(stage: &Stage, endpoint: Endpoint) -> Result<Start> {
    let event = floor_event(&endpoint.floor(&stage.stub.url()));
    start(stage, FLOOR, async |process| {
        process.invoke(event).await?;
        Ok(())
    })
    .await
}

async fn start(
    stage: &Stage,
    function: &str,
    ask: impl AsyncFnOnce(&OwnProcess) -> Result<()>,
) -> Result<Start> {
    let process = stage.lambda.process(function, &[])?;
    ask(&process).await?;
    let first_poll = process.first_poll().await.context("the process died")?;
    Ok(Start {
        first_poll,
        // The event waited for it.
        first_answer: first_poll.saturating_add(process.took()),
    })
}
