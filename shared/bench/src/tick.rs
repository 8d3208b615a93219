//! The billing tick over many rentals, beside a bare one that commits as many intents and outcomes
//! around the same calls.

use crate::cost::{Cpu, peak_memory_of_both};
use crate::counters::Counters;
use crate::pair::Pair;
use crate::progress;
use crate::stage::{Stage, TICK_FLOOR};
use crate::summary::Spread;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Bulk, OwnProcess, scheduled_event};

/// As the tick itself.
const BATCH: usize = 128;
const CALLS_AT_ONCE: usize = 64;
/// So many rentals are billed at least, over all waves, before a figure is believed.
const ENOUGH: u32 = 100_000;
const MOST_WAVES: u32 = 10;
const LEAST_WAVES: u32 = 3;
/// Attempts of one rental.
const MOST_HISTORY: u32 = 1_000;
/// A unit of each due rental falls due each minute.
const WAVE_SEC: i64 = 60;

/// How full the databases are.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Case {
    /// ACTIVE rentals.
    pub(crate) active: u32,
    /// How many of them are due, again each minute.
    pub(crate) due: u32,
    /// Attempts of each, from before.
    pub(crate) history: u32,
}

/// What was found. Ratios are ours to the floor's, wave by wave.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TickFigures {
    pub(crate) case: Case,
    pub(crate) rentals_per_sec: Pair<Spread>,
    pub(crate) rate_ratio: Spread,
    /// Of the function and the database server, a due rental.
    pub(crate) cpu_us: Pair<f64>,
    pub(crate) postgres_cpu_us: Pair<f64>,
    /// Pages of db-billing that were looked at, a due rental.
    pub(crate) buffers: f64,
    /// Transactions in db-billing, a due rental.
    pub(crate) transactions: f64,
    pub(crate) peak_memory_mib: Pair<f64>,
}

/// One tick of ours and one of the floor, over as many rentals.
struct Wave {
    rentals: u32,
    took: Pair<Duration>,
    cpu: Pair<Cpu>,
}

/// A tenth, half and all of `active` rentals are due; `attempts` is how many there were before, over
/// all of them.
pub(crate) fn cases(active: u32, attempts: u32) -> [Case; 3] {
    let history = attempts.checked_div(active).unwrap_or_default();
    [active / 10, active / 2, active].map(|due| Case {
        active,
        due,
        history: history.min(MOST_HISTORY),
    })
}

pub(crate) async fn measure(case: Case) -> Result<TickFigures> {
    let stage = full(case).await?;
    let before = Counters::read(&stage).await?;
    let processes = Pair {
        ours: stage.process("billing-tick").await?,
        floor: stage.process(TICK_FLOOR).await?,
    };
    // The first one makes connections and plans.
    let waves = ENOUGH.checked_div(case.due).unwrap_or_default();
    let waves = waves.clamp(LEAST_WAVES, MOST_WAVES);
    let bar = progress::bar("pairs of ticks", waves.into())?;
    let mut billed = wave(&stage, &processes, 1).await?.rentals;
    let mut measured = Vec::new();
    for number in 0..waves {
        let wave = wave(&stage, &processes, i64::from(number).saturating_add(2)).await?;
        billed = billed.saturating_add(wave.rentals);
        measured.push(wave);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let peak_memory = peak_memory_of_both(&processes)?;
    let counted = before.since(&stage, processes.ours).await?;
    Ok(figures(case, &measured, counted, billed, peak_memory))
}

async fn full(case: Case) -> Result<Stage> {
    let stage = Stage::build().await?;
    let bulk = Bulk {
        rentals: case.active,
        active: case.active,
        due: case.due,
        settled_attempts: case.history,
        waiting_one_in: 0,
    };
    let bar = progress::bar("rentals to be loaded", case.active.into())?;
    stage
        .databases
        .load(bulk, |loaded| bar.set_position(loaded.into()))
        .await?;
    bar.finish_and_clear();
    Ok(stage)
}

async fn wave(stage: &Stage, processes: &Pair<OwnProcess>, number: i64) -> Result<Wave> {
    let ahead = number.saturating_mul(WAVE_SEC);
    stage.databases.set_clocks(ahead, ahead).await?;
    stage.stub.set_clock(ahead).await?;
    let before = Cpu::of_both(stage, processes).await?;
    let report = processes.ours.invoke(scheduled_event()).await?;
    let rentals = report.get("rentals").and_then(Value::as_u64);
    let rentals = rentals.context("a report without rentals")?;
    let floor = json!({
        "rentals": rentals,
        "batch": BATCH,
        "at_once": CALLS_AT_ONCE,
        "url": stage.stub.url(),
    });
    processes.floor.invoke(floor).await?;
    let after = Cpu::of_both(stage, processes).await?;
    Ok(Wave {
        rentals: u32::try_from(rentals)?,
        took: Pair {
            ours: processes.ours.took(),
            floor: processes.floor.took(),
        },
        cpu: Pair {
            ours: after.ours.since(before.ours),
            floor: after.floor.since(before.floor),
        },
    })
}

fn figures(
    case: Case,
    waves: &[Wave],
    counted: Counters,
    billed: u32,
    peak_memory: Pair<u64>,
) -> TickFigures {
    let rate = |rentals: u32, took: Duration| f64::from(rentals) / took.as_secs_f64();
    let rates = waves
        .iter()
        .map(|wave| wave.took.map(|took| rate(wave.rentals, took)));
    let rates: Vec<Pair<f64>> = rates.collect();
    let a_rental = |cost: fn(&Wave) -> Duration| {
        let all: Duration = waves.iter().map(cost).sum();
        let rentals: f64 = waves.iter().map(|wave| f64::from(wave.rentals)).sum();
        all.as_secs_f64() * 1e6 / rentals
    };
    TickFigures {
        case,
        rentals_per_sec: Pair {
            ours: Spread::of(rates.iter().map(|rate| rate.ours)),
            floor: Spread::of(rates.iter().map(|rate| rate.floor)),
        },
        rate_ratio: Spread::of(rates.iter().map(|rate| rate.ours / rate.floor)),
        cpu_us: Pair {
            ours: a_rental(|wave| wave.cpu.ours.function),
            floor: a_rental(|wave| wave.cpu.floor.function),
        },
        postgres_cpu_us: Pair {
            ours: a_rental(|wave| wave.cpu.ours.postgres),
            floor: a_rental(|wave| wave.cpu.floor.postgres),
        },
        buffers: each(counted.buffers, billed),
        transactions: each(counted.transactions, billed),
        peak_memory_mib: peak_memory.map(crate::report::mib),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody needs the last digit")]
fn each(counted: i64, rentals: u32) -> f64 {
    counted as f64 / f64::from(rentals)
}
