//! What a run found, as a person and a program read it.

use crate::cold::{Start, Starts};
use crate::cost;
use crate::endpoint::Endpoint;
use crate::pair::Pair;
use crate::plot;
use crate::stage::FLOOR;
use crate::stubs::Stubbed;
use crate::summary::{Spread, Summary};
use crate::tick::TickFigures;
use crate::together::Together;
use crate::warm::{Block, Warm};
use anyhow::Result;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) endpoints: Vec<Figures>,
    pub(crate) stubs: Vec<Stubbed>,
    pub(crate) ticks: Vec<TickFigures>,
    pub(crate) together: Together,
}

/// Of one endpoint. A ratio is ours to the floor's, pair by pair.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) endpoint: Endpoint,
    pub(crate) first_poll_ms: Pair<Spread>,
    pub(crate) first_answer_ms: Pair<Spread>,
    pub(crate) latency: Pair<Summary>,
    pub(crate) latency_ratio: Spread,
    /// Of the function, a request.
    pub(crate) cpu_us: Pair<f64>,
    pub(crate) cpu_ratio: Spread,
    /// Of the database server's processes, a request.
    pub(crate) postgres_cpu_us: Pair<f64>,
    pub(crate) peak_memory_mib: Pair<f64>,
    pub(crate) binary_mib: Pair<f64>,
}

impl Report {
    pub(crate) fn of(
        cold: Starts,
        warm: Vec<Warm>,
        stubs: Vec<Stubbed>,
        ticks: Vec<TickFigures>,
        together: Together,
    ) -> Result<Self> {
        let endpoints = cold
            .into_iter()
            .zip(warm)
            .map(|((_, starts), warm)| Figures::of(&starts, &warm));
        Ok(Self {
            endpoints: endpoints.collect::<Result<_>>()?,
            stubs,
            ticks,
            together,
        })
    }

    /// As `report.json` and `report.svg`.
    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let json = folder.join("report.json");
        std::fs::write(&json, serde_json::to_string_pretty(self)?)?;
        let svg = folder.join("report.svg");
        plot::draw(self, &svg)?;
        println!("{} and {}", json.display(), svg.display());
        Ok(())
    }
}

impl Figures {
    fn of(starts: &[Pair<Start>], warm: &Warm) -> Result<Self> {
        let blocks = &warm.blocks;
        Ok(Self {
            endpoint: warm.endpoint,
            first_poll_ms: spread(starts, |start| millis(start.first_poll)),
            first_answer_ms: spread(starts, |start| millis(start.first_answer)),
            latency: warm.latency()?,
            latency_ratio: warm.ratio(|block| Ok(block.latency()?.p50_us))?,
            cpu_us: Pair {
                measured: a_request(blocks, |pair| &pair.measured, |block| block.cpu.function),
                yardstick: a_request(blocks, |pair| &pair.yardstick, |block| block.cpu.function),
            },
            cpu_ratio: warm.ratio(|block| Ok(micros(block.cpu.function)))?,
            postgres_cpu_us: Pair {
                measured: a_request(blocks, |pair| &pair.measured, |block| block.cpu.postgres),
                yardstick: a_request(blocks, |pair| &pair.yardstick, |block| block.cpu.postgres),
            },
            peak_memory_mib: warm.peak_memory.map(mib),
            binary_mib: Pair {
                measured: mib(cost::binary(warm.endpoint.function())?),
                yardstick: mib(cost::binary(FLOOR)?),
            },
        })
    }
}

fn spread(starts: &[Pair<Start>], figure: impl Fn(&Start) -> f64) -> Pair<Spread> {
    Pair {
        measured: Spread::of(starts.iter().map(|pair| figure(&pair.measured))),
        yardstick: Spread::of(starts.iter().map(|pair| figure(&pair.yardstick))),
    }
}

fn a_request(
    blocks: &[Pair<Block>],
    whose: impl Fn(&Pair<Block>) -> &Block,
    cost: impl Fn(&Block) -> Duration,
) -> f64 {
    let (costs, requests) = blocks.iter().map(&whose).fold((0.0, 0.0), |sum, block| {
        let requests = f64::from(u32::try_from(block.took.len()).unwrap_or(u32::MAX));
        (sum.0 + micros(cost(block)), sum.1 + requests)
    });
    costs / requests
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn mib(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nobody needs the last byte")]
    let bytes = bytes as f64;
    bytes / 1_048_576.0
}
