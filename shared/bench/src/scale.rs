//! Whether an endpoint is as fast over millions of rentals as over a thousand: the same endpoint on
//! two stages, request by request in turn.

use crate::effort::Effort;
use crate::endpoint::Endpoint;
use crate::full::Fullness;
use crate::pair::Pair;
use crate::stage::Stage;
use crate::summary::{Spread, Summary};
use crate::table;
use crate::target;
use crate::warm::{self, Duel, Side, Warm};
use anyhow::{Result, ensure};
use clap::{Args, value_parser};
use serde::Serialize;
use testkit::Bulk;

const FEW: u32 = 1_000;

/// How full is full.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many rentals the full databases hold.
    #[arg(long, env = "SCALE_RENTALS", default_value_t = 10_000_000,
          value_parser = value_parser!(u32).range(1_000..))]
    rentals: u32,
    #[command(flatten)]
    effort: Effort,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) at_scale: Fullness,
    pub(crate) small: Fullness,
    pub(crate) endpoints: Vec<Figures>,
}

/// Of one endpoint. A ratio is that at scale to the small one's, block by block.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) endpoint: Endpoint,
    pub(crate) at_scale: Summary,
    pub(crate) small: Summary,
    pub(crate) p50_ratio: Spread,
    pub(crate) p99_ratio: Spread,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Effort { pairs, rounds, out } = arguments.effort;
    let small = Stage::with(with(FEW)).await?;
    let at_scale = Stage::with(with(arguments.rentals)).await?;
    let mut duels = Vec::new();
    for endpoint in Endpoint::ALL {
        let sides = Pair {
            measured: Side::ours(&at_scale, endpoint).await?,
            yardstick: Side::ours(&small, endpoint).await?,
        };
        duels.push(Duel::new(endpoint, sides));
    }
    let warm = warm::measure(duels, pairs, rounds).await?;
    let endpoints = warm.iter().map(Figures::of);
    let report = Report {
        endpoints: endpoints.collect::<Result<_>>()?,
        at_scale: at_scale.fullness().await?,
        small: small.fullness().await?,
    };
    println!("{}", table::at_scale(&report));
    std::fs::create_dir_all(&out)?;
    let json = out.join("scale.json");
    std::fs::write(&json, serde_json::to_string_pretty(&report)?)?;
    println!("{}", json.display());
    report.keeps_its_promise()
}

/// One in a hundred is ACTIVE, and none is due: no tick is measured.
const fn with(rentals: u32) -> Bulk {
    Bulk {
        rentals,
        active: rentals / 100,
        due: 0,
        settled_attempts: 1,
        waiting_one_in: 0,
    }
}

impl Report {
    fn keeps_its_promise(&self) -> Result<()> {
        let missed = self.endpoints.iter().filter_map(|figures| {
            let (function, ratio) = (figures.endpoint.function(), figures.p50_ratio.median);
            (ratio > target::SCALE).then(|| format!("{function}: {ratio:.2}"))
        });
        let missed: Vec<String> = missed.collect();
        ensure!(
            missed.is_empty(),
            "p50 at scale, times the small one's, is above the promised {}: {}",
            target::SCALE,
            missed.join(", ")
        );
        Ok(())
    }
}

impl Figures {
    fn of(warm: &Warm) -> Result<Self> {
        let latency = warm.latency()?;
        Ok(Self {
            endpoint: warm.endpoint,
            at_scale: latency.measured,
            small: latency.yardstick,
            p50_ratio: warm.ratio(|block| Ok(block.latency()?.p50_us))?,
            p99_ratio: warm.ratio(|block| Ok(block.latency()?.p99_us))?,
        })
    }
}
