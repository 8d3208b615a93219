//! The billing tick over many rentals, beside a bare one that commits the same intents and outcomes,
//! batch by batch, around the same calls.

use crate::cost::{Cpu, peak_memory_of_both};
use crate::counters::Counters;
use crate::pair::Pair;
use crate::progress;
use crate::stage::{Stage, TICK_FLOOR};
use crate::statements;
use crate::summary::Spread;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Bulk, Databases, OwnProcess, scheduled_event};

/// As the tick itself.
const BATCH: usize = 128;
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
    /// Pages of its database that were looked at, a due rental.
    pub(crate) buffers: Pair<f64>,
    /// Transactions in its database, a due rental.
    pub(crate) transactions: Pair<f64>,
    /// Statements to db-billing, BEGIN and COMMIT among them, a due rental.
    pub(crate) statements: f64,
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
            measured: rate(self.rentals.measured, self.took.measured),
            yardstick: rate(self.rentals.yardstick, self.took.yardstick),
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
    let Databases {
        billing, rental, ..
    } = &stage.databases;
    let before = Pair {
        measured: Counters::read(billing).await?,
        yardstick: Counters::read(rental).await?,
    };
    let processes = Pair {
        measured: stage.process("billing-tick").await?,
        yardstick: stage.process(TICK_FLOOR).await?,
    };
    let waves = ENOUGH.checked_div(case.due).unwrap_or_default();
    let waves = waves.clamp(LEAST_WAVES, MOST_WAVES);
    let bar = progress::bar("pairs of ticks", waves.into())?;
    let mut minute = 1;
    // The first one makes connections and plans.
    let first = wave(&stage, &processes, minute).await?;
    let mut measured = Vec::new();
    for _ in 0..waves {
        minute = minute.saturating_add(1);
        measured.push(wave(&stage, &processes, minute).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let peak_memory = peak_memory_of_both(&processes)?;
    let counted = Pair {
        measured: before.measured.since(billing, processes.measured).await?,
        yardstick: before.yardstick.since(rental, processes.yardstick).await?,
    };
    let statements = statements::a_rental(&stage, minute.saturating_add(1)).await?;
    let billed = measured.iter().fold(first.rentals, |sum, wave| Pair {
        measured: sum.measured.saturating_add(wave.rentals.measured),
        yardstick: sum.yardstick.saturating_add(wave.rentals.yardstick),
    });
    let counted = Pair {
        measured: Counted::of(counted.measured, billed.measured),
        yardstick: Counted::of(counted.yardstick, billed.yardstick),
    };
    Ok(figures(case, &measured, counted, statements, peak_memory))
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
    let report = processes.measured.invoke(scheduled_event()).await?;
    let floor = json!({
        "moment_sec": moment_sec,
        "batch": BATCH,
        "url": stage.stub.url(),
    });
    let floor = processes.yardstick.invoke(floor).await?;
    let floor = floor.as_u64().context("a count that is none")?;
    let after = Cpu::of_both(stage, processes).await?;
    Ok(Wave {
        rentals: Pair {
            measured: rentals(&report)?,
            yardstick: u32::try_from(floor)?,
        },
        took: Pair {
            measured: processes.measured.took(),
            yardstick: processes.yardstick.took(),
        },
        cpu: Pair {
            measured: after.measured.since(before.measured),
            yardstick: after.yardstick.since(before.yardstick),
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
    counted: Pair<Counted>,
    statements: f64,
    peak_memory: Pair<u64>,
) -> TickFigures {
    let rates: Vec<Pair<f64>> = waves.iter().map(Wave::rentals_per_sec).collect();
    let a_rental = |rentals: fn(&Wave) -> u32, cost: fn(&Wave) -> Duration| {
        let all: Duration = waves.iter().map(cost).sum();
        let rentals: f64 = waves.iter().map(|wave| f64::from(rentals(wave))).sum();
        all.as_secs_f64() * 1e6 / rentals
    };
    let ours = |cost| a_rental(|wave| wave.rentals.measured, cost);
    let floor = |cost| a_rental(|wave| wave.rentals.yardstick, cost);
    TickFigures {
        case,
        rentals_per_sec: Pair {
            measured: Spread::of(rates.iter().map(|rate| rate.measured)),
            yardstick: Spread::of(rates.iter().map(|rate| rate.yardstick)),
        },
        rate_ratio: Spread::of(rates.iter().map(|rate| rate.measured / rate.yardstick)),
        cpu_us: Pair {
            measured: ours(|wave| wave.cpu.measured.function),
            yardstick: floor(|wave| wave.cpu.yardstick.function),
        },
        postgres_cpu_us: Pair {
            measured: ours(|wave| wave.cpu.measured.postgres),
            yardstick: floor(|wave| wave.cpu.yardstick.postgres),
        },
        buffers: counted.map(|counted| counted.buffers),
        transactions: counted.map(|counted| counted.transactions),
        statements,
        peak_memory_mib: peak_memory.map(crate::report::mib),
    }
}

/// What the server counted for a due rental.
#[derive(Clone, Copy)]
struct Counted {
    buffers: f64,
    transactions: f64,
}

impl Counted {
    fn of(counted: Counters, billed: u32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody needs the last digit")]
        let each = |counted: i64| counted as f64 / f64::from(billed);
        Self {
            buffers: each(counted.buffers),
            transactions: each(counted.transactions),
        }
    }
}
