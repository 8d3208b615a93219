//! Processes that have worked for a while: latency, and what a request costs.

use crate::cost::{self, Cpu};
use crate::endpoint::{Endpoint, floor_event};
use crate::life::Life;
use crate::pair::Pair;
use crate::progress;
use crate::stage::{FLOOR, Stage};
use crate::summary::{Spread, Summary};
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

/// An endpoint, and the two processes that are asked in turn.
pub(crate) struct Duel<'a> {
    endpoint: Endpoint,
    sides: Pair<Side<'a>>,
    blocks: Vec<Pair<Block>>,
}

/// A process on its stage.
pub(crate) struct Side<'a> {
    stage: &'a Stage,
    process: OwnProcess,
    /// Rather than ours.
    is_floor: bool,
}

/// So many blocks, each of as many rentals' lives as there are rounds.
pub(crate) async fn measure(
    mut duels: Vec<Duel<'_>>,
    blocks: u64,
    rounds: u64,
) -> Result<Vec<Warm>> {
    let bar = progress::bar("pairs of blocks of requests", blocks)?;
    block(&mut duels, WARM_UP).await?;
    for duel in &mut duels {
        duel.blocks.clear();
    }
    for _ in 0..blocks {
        block(&mut duels, rounds).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let warm = duels.into_iter().map(|duel| {
        Ok(Warm {
            endpoint: duel.endpoint,
            peak_memory: Pair {
                measured: cost::peak_memory(&duel.sides.measured.process)?,
                yardstick: cost::peak_memory(&duel.sides.yardstick.process)?,
            },
            blocks: duel.blocks,
        })
    });
    warm.collect()
}

/// Plays lives; each request to one side stands beside one to the other.
async fn block(duels: &mut [Duel<'_>], rounds: u64) -> Result<()> {
    let mut before = Vec::new();
    for duel in &mut *duels {
        duel.blocks.push(Pair::default());
        before.push(duel.cpu().await?);
    }
    for round in 0..rounds {
        let mut lives = Pair::default();
        for duel in &mut *duels {
            duel.play(&mut lives, round % 2 == 0).await?;
        }
    }
    for (duel, before) in duels.iter_mut().zip(before) {
        let after = duel.cpu().await?;
        if let Some(block) = duel.blocks.last_mut() {
            block.measured.cpu = after.measured.since(before.measured);
            block.yardstick.cpu = after.yardstick.since(before.yardstick);
        }
    }
    Ok(())
}

impl<'a> Duel<'a> {
    pub(crate) const fn new(endpoint: Endpoint, sides: Pair<Side<'a>>) -> Self {
        Self {
            endpoint,
            sides,
            blocks: Vec::new(),
        }
    }

    /// One request to each side; who goes first alternates.
    async fn play(&mut self, lives: &mut Pair<Life>, yardstick_first: bool) -> Result<()> {
        let Pair {
            measured,
            yardstick,
        } = &self.sides;
        if yardstick_first {
            yardstick.ask(self.endpoint, &mut lives.yardstick).await?;
            measured.ask(self.endpoint, &mut lives.measured).await?;
        } else {
            measured.ask(self.endpoint, &mut lives.measured).await?;
            yardstick.ask(self.endpoint, &mut lives.yardstick).await?;
        }
        if let Some(block) = self.blocks.last_mut() {
            block.measured.took.push(measured.process.took());
            block.yardstick.took.push(yardstick.process.took());
        }
        Ok(())
    }

    async fn cpu(&self) -> Result<Pair<Cpu>> {
        let Pair {
            measured,
            yardstick,
        } = &self.sides;
        Ok(Pair {
            measured: Cpu::of(measured.stage, &measured.process).await?,
            yardstick: Cpu::of(yardstick.stage, &yardstick.process).await?,
        })
    }
}

impl<'a> Side<'a> {
    /// A fresh process of an endpoint of ours.
    pub(crate) async fn ours(stage: &'a Stage, endpoint: Endpoint) -> Result<Self> {
        Ok(Self {
            stage,
            process: stage.process(endpoint.function()).await?,
            is_floor: false,
        })
    }

    /// A fresh process of the bare function.
    pub(crate) async fn floor(stage: &'a Stage) -> Result<Self> {
        Ok(Self {
            stage,
            process: stage.process(FLOOR).await?,
            is_floor: true,
        })
    }

    /// Ours goes on with a life; the floor makes the same round trips.
    async fn ask(&self, endpoint: Endpoint, life: &mut Life) -> Result<()> {
        if self.is_floor {
            let plan = endpoint.floor(&self.stage.stub.url());
            self.process.invoke(floor_event(&plan)).await?;
            return Ok(());
        }
        life.go_on(endpoint, &self.process).await
    }
}

impl Warm {
    /// Of all requests.
    pub(crate) fn latency(&self) -> Result<Pair<Summary>> {
        let all = |whose: fn(&Pair<Block>) -> &Block| {
            let blocks = self.blocks.iter().map(whose);
            Summary::of(blocks.flat_map(|block| block.took.iter().copied()))
        };
        Ok(Pair {
            measured: all(|pair| &pair.measured)?,
            yardstick: all(|pair| &pair.yardstick)?,
        })
    }

    /// One side's figure to the other's, block by block.
    pub(crate) fn ratio(&self, figure: impl Fn(&Block) -> Result<f64>) -> Result<Spread> {
        let ratios = self
            .blocks
            .iter()
            .map(|pair| Ok(figure(&pair.measured)? / figure(&pair.yardstick)?));
        Ok(Spread::of(ratios.collect::<Result<Vec<_>>>()?))
    }
}

impl Block {
    pub(crate) fn latency(&self) -> Result<Summary> {
        Summary::of(self.took.iter().copied())
    }
}
