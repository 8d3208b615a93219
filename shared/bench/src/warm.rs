//! Processes that have worked for a while: latency, and what a request costs.

use crate::cost::{Cpu, peak_memory_of_both};
use crate::endpoint::{Endpoint, floor_event};
use crate::life::Life;
use crate::pair::Pair;
use crate::progress;
use crate::stage::{FLOOR, Stage};
use anyhow::Result;
use std::time::Duration;
use testkit::OwnProcess;

/// Lives before anything is measured: connections are made, statements prepared, and planned
/// often enough that the server keeps their plans.
const WARM_UP: u64 = 20;

/// A block of requests, one at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) took: Vec<Duration>,
    pub(crate) cpu: Cpu,
}

/// What was measured of one endpoint.
pub(crate) struct Warm {
    pub(crate) endpoint: Endpoint,
    pub(crate) blocks: Vec<Pair<Block>>,
    pub(crate) peak_memory: Pair<u64>,
}

struct Pool {
    endpoint: Endpoint,
    processes: Pair<OwnProcess>,
    blocks: Vec<Pair<Block>>,
}

pub(crate) async fn measure(stage: &Stage, pairs: u64, rounds: u64) -> Result<Vec<Warm>> {
    let bar = progress::bar("pairs of blocks of requests", pairs)?;
    let mut pools = Vec::new();
    for endpoint in Endpoint::ALL {
        let processes = Pair {
            ours: stage.process(endpoint.function()).await?,
            floor: stage.process(FLOOR).await?,
        };
        let blocks = Vec::new();
        pools.push(Pool {
            endpoint,
            processes,
            blocks,
        });
    }
    block(stage, &mut pools, WARM_UP).await?;
    for pool in &mut pools {
        pool.blocks.clear();
    }
    for _ in 0..pairs {
        block(stage, &mut pools, rounds).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let warm = pools.into_iter().map(|pool| {
        Ok(Warm {
            endpoint: pool.endpoint,
            peak_memory: peak_memory_of_both(&pool.processes)?,
            blocks: pool.blocks,
        })
    });
    warm.collect()
}

/// Plays lives; each request of ours stands beside one of the floor.
async fn block(stage: &Stage, pools: &mut [Pool], rounds: u64) -> Result<()> {
    let mut before = Vec::new();
    for pool in &mut *pools {
        pool.blocks.push(Pair::default());
        before.push(Cpu::of_both(stage, &pool.processes).await?);
    }
    for round in 0..rounds {
        let mut life = Life::default();
        for pool in &mut *pools {
            pool.play(stage, &mut life, round % 2 == 0).await?;
        }
    }
    for (pool, before) in pools.iter_mut().zip(before) {
        let after = Cpu::of_both(stage, &pool.processes).await?;
        if let Some(block) = pool.blocks.last_mut() {
            block.ours.cpu = after.ours.since(before.ours);
            block.floor.cpu = after.floor.since(before.floor);
        }
    }
    Ok(())
}

impl Pool {
    /// One request of ours and one of the floor; who goes first alternates.
    async fn play(&mut self, stage: &Stage, life: &mut Life, floor_first: bool) -> Result<()> {
        let event = floor_event(&self.endpoint.floor(&stage.stub.url()));
        let Pair { ours, floor } = &self.processes;
        if floor_first {
            floor.invoke(event).await?;
            life.go_on(self.endpoint, ours).await?;
        } else {
            life.go_on(self.endpoint, ours).await?;
            floor.invoke(event).await?;
        }
        let took = Pair {
            ours: ours.took(),
            floor: floor.took(),
        };
        if let Some(block) = self.blocks.last_mut() {
            block.ours.took.push(took.ours);
            block.floor.took.push(took.floor);
        }
        Ok(())
    }
}
