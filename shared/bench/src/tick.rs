//! The billing tick over many rentals, beside a bare one that commits the same intents and outcomes,
//! batch by batch, around the same calls.

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

impl Case {
    /// The rentals to be loaded.
    pub(crate) const fn bulk(self) -> Bulk {
        Bulk {
            rentals: self.active,
            active: self.active,
            due: self.due,
            settled_attempts: self.history,
            waiting_one_in: 0,
        }
    }
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

/// One tick of ours and one of the floor, over what was due at the same moment.
struct Wave {
    rentals: Pair<u32>,
    took: Pair<Duration>,
    cpu: Pair<Cpu>,
}

impl Wave {
    fn rentals_per_sec(&self) -> Pair<f64> {
        let rate = |rentals: u32, took: Duration| f64::from(rentals) / took.as_secs_f64();
        Pair {
            ours: rate(self.rentals.ours, self.took.ours),
            floor: rate(self.rentals.floor, self.took.floor),
        }
    }
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
    let mut billed = wave(&stage, &processes, 1).await?.rentals.ours;
    let mut measured = Vec::new();
    for number in 0..waves {
        let wave = wave(&stage, &processes, i64::from(number).saturating_add(2)).await?;
        billed = billed.saturating_add(wave.rentals.ours);
        measured.push(wave);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let peak_memory = peak_memory_of_both(&processes)?;
    let counted = before.since(&stage, processes.ours).await?;
    Ok(figures(case, &measured, counted, billed, peak_memory))
}

async fn full(case: Case) -> Result<Stage> {
    let stage = Stage::with(case.bulk()).await?;
    stage.load_floor(case.bulk()).await?;
    Ok(stage)
}

async fn wave(stage: &Stage, processes: &Pair<OwnProcess>, number: i64) -> Result<Wave> {
    stage.set_minute(number).await?;
    let moment_sec = stage.moment_sec().await?;
    let before = Cpu::of_both(stage, processes).await?;
    let report = processes.ours.invoke(scheduled_event()).await?;
    let floor = json!({
        "moment_sec": moment_sec,
        "batch": BATCH,
        "at_once": CALLS_AT_ONCE,
        "url": stage.stub.url(),
    });
    let floor = processes.floor.invoke(floor).await?;
    let floor = floor.as_u64().context("a count that is none")?;
    let after = Cpu::of_both(stage, processes).await?;
    Ok(Wave {
        rentals: Pair {
            ours: rentals(&report)?,
            floor: u32::try_from(floor)?,
        },
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

/// How many a tick of ours says that it worked on.
pub(crate) fn rentals(report: &Value) -> Result<u32> {
    let rentals = report.get("rentals").and_then(Value::as_u64);
    Ok(u32::try_from(rentals.context("a report without rentals")?)?)
}

fn figures(
    case: Case,
    waves: &[Wave],
    counted: Counters,
    billed: u32,
    peak_memory: Pair<u64>,
) -> TickFigures {
    let rates: Vec<Pair<f64>> = waves.iter().map(Wave::rentals_per_sec).collect();
    let a_rental = |rentals: fn(&Wave) -> u32, cost: fn(&Wave) -> Duration| {
        let all: Duration = waves.iter().map(cost).sum();
        let rentals: f64 = waves.iter().map(|wave| f64::from(rentals(wave))).sum();
        all.as_secs_f64() * 1e6 / rentals
    };
    let ours = |cost| a_rental(|wave| wave.rentals.ours, cost);
    let floor = |cost| a_rental(|wave| wave.rentals.floor, cost);
    TickFigures {
        case,
        rentals_per_sec: Pair {
            ours: Spread::of(rates.iter().map(|rate| rate.ours)),
            floor: Spread::of(rates.iter().map(|rate| rate.floor)),
        },
        rate_ratio: Spread::of(rates.iter().map(|rate| rate.ours / rate.floor)),
        cpu_us: Pair {
            ours: ours(|wave| wave.cpu.ours.function),
            floor: floor(|wave| wave.cpu.floor.function),
        },
        postgres_cpu_us: Pair {
            ours: ours(|wave| wave.cpu.ours.postgres),
            floor: floor(|wave| wave.cpu.floor.postgres),
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
