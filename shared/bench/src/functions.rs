//! Each function beside its floor.

use crate::cold;
use crate::effort::Effort;
use crate::endpoint::Endpoint;
use crate::pair::Pair;
use crate::report::Report;
use crate::stage::Stage;
use crate::warm::{self, Duel, Side, Warm};
use crate::{stubs, table, tick, together};
use anyhow::Result;
use clap::Args;

/// What is measured of the functions.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    effort: Effort,
    /// Over how many ACTIVE rentals ticks are measured; of each, a tenth, half and all are due.
    #[arg(
        long,
        env = "TICK_RENTALS",
        value_delimiter = ',',
        default_value = "1000,10000,100000"
    )]
    tick_rentals: Vec<u32>,
    /// How many attempts there were before, over all ACTIVE rentals.
    #[arg(long, env = "TICK_ATTEMPTS", default_value_t = 1_000_000)]
    tick_attempts: u32,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Effort { pairs, rounds, out } = arguments.effort;
    let stage = Stage::build().await?;
    let cold = cold::measure(&stage, pairs).await?;
    let warm = beside_the_floor(&stage, pairs, rounds).await?;
    let stubs = stubs::measure(&stage).await?;
    drop(stage);
    let mut ticks = Vec::new();
    for active in arguments.tick_rentals {
        for case in tick::cases(active, arguments.tick_attempts) {
            ticks.push(tick::measure(case).await?);
        }
    }
    let together = together::measure(arguments.tick_attempts).await?;
    let report = Report::of(cold, warm, stubs, ticks, together)?;
    println!("{}", table::of(&report));
    report.save(&out)
}

async fn beside_the_floor(stage: &Stage, pairs: u64, rounds: u64) -> Result<Vec<Warm>> {
    let mut duels = Vec::new();
    for endpoint in Endpoint::ALL {
        let sides = Pair {
            measured: Side::ours(stage, endpoint).await?,
            yardstick: Side::floor(stage).await?,
        };
        duels.push(Duel::new(endpoint, sides));
    }
    warm::measure(duels, pairs, rounds).await
}
