//! Several ticks at once over what is due: they share it, and none waits for another.

use crate::progress;
use crate::stage::Stage;
use crate::summary::Spread;
use crate::tick::{self, Case};
use anyhow::Result;
use futures::future::try_join_all;
use serde::Serialize;
use sqlx::PgPool;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;
use testkit::{OwnProcess, scheduled_event};

const ACTIVE: u32 = 10_000;
const AT_ONCE: [usize; 4] = [1, 2, 4, 8];
const WAVES: i64 = 5;
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What several ticks do together.
#[derive(Debug, Serialize)]
pub(crate) struct Together {
    pub(crate) case: Case,
    pub(crate) crowds: Vec<CrowdFigures>,
}

/// So many ticks at once.
#[derive(Debug, Serialize)]
pub(crate) struct CrowdFigures {
    pub(crate) ticks: usize,
    /// Of all of them together.
    pub(crate) rentals_per_sec: Spread,
    /// To one tick alone, wave by wave.
    pub(crate) rate_ratio: Spread,
    pub(crate) seen: Seen,
}

/// What was seen of the backends that serve the ticks.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Seen {
    /// How often one looked while ticks were at work.
    pub(crate) looks: u32,
    /// How many backends waited for a lock, over all looks, by what it is on, as
    /// `pg_stat_activity.wait_event` calls it: `extend` is room at a table's end, no rental.
    pub(crate) waits_for_lock: BTreeMap<String, i64>,
}

#[derive(Clone, Debug)]
struct Wave {
    rentals_per_sec: f64,
    seen: Seen,
}

/// Each wave is one crowd of each size, one after the other; `attempts` is how many there were before,
/// over all rentals.
pub(crate) async fn measure(attempts: u32) -> Result<Together> {
    let [_, _, case] = tick::cases(ACTIVE, attempts);
    let stage = Stage::with(case.bulk()).await?;
    let mut ticks = Vec::new();
    for _ in 0..AT_ONCE.into_iter().max().unwrap_or_default() {
        ticks.push(stage.process("billing-tick").await?);
    }
    // The first ones make connections and plans.
    let mut minute = 1;
    wave(&stage, &ticks, minute).await?;
    let bar = progress::bar("waves of one tick and of several", WAVES.unsigned_abs())?;
    let mut crowds = AT_ONCE.map(|at_once| (at_once, Vec::new()));
    for _ in 0..WAVES {
        for (at_once, waves) in &mut crowds {
            minute = minute.saturating_add(1);
            let crowd: Vec<&OwnProcess> = ticks.iter().take(*at_once).collect();
            waves.push(wave(&stage, crowd, minute).await?);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Together {
        case,
        crowds: figures(&crowds),
    })
}

/// All of them are told at the same moment that a minute has passed.
async fn wave(
    stage: &Stage,
    crowd: impl IntoIterator<Item = &OwnProcess>,
    minute: i64,
) -> Result<Wave> {
    let crowd: Vec<&OwnProcess> = crowd.into_iter().collect();
    stage.set_minute(minute).await?;
    let names: Vec<String> = crowd.iter().map(|tick| tick.application_name()).collect();
    let is_done = Cell::new(false);
    let work = async {
        let reports = crowd.iter().map(|tick| tick.invoke(scheduled_event()));
        let reports = try_join_all(reports).await;
        is_done.set(true);
        reports
    };
    let (reports, seen) = tokio::join!(work, look(&stage.databases.billing, &names, &is_done));
    let billed: Result<Vec<u32>> = reports?.iter().map(tick::rentals).collect();
    let billed: f64 = billed?.into_iter().map(f64::from).sum();
    let took = crowd.iter().map(|tick| tick.took()).max();
    Ok(Wave {
        rentals_per_sec: billed / took.unwrap_or_default().as_secs_f64(),
        seen: seen?,
    })
}

/// Looks again and again whether one of these waits for a lock.
async fn look(billing: &PgPool, names: &[String], is_done: &Cell<bool>) -> Result<Seen> {
    let waits = "SELECT wait_event, count(*) FROM pg_stat_activity
                 WHERE application_name = ANY($1) AND wait_event_type = 'Lock'
                 GROUP BY wait_event";
    let mut seen = Seen::default();
    while !is_done.get() {
        let waiting: Vec<(String, i64)> =
            sqlx::query_as(waits).bind(names).fetch_all(billing).await?;
        seen.add(&Seen {
            looks: 1,
            waits_for_lock: waiting.into_iter().collect(),
        });
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(seen)
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.looks = self.looks.saturating_add(other.looks);
        for (lock, waits) in &other.waits_for_lock {
            let sum = self.waits_for_lock.entry(lock.clone()).or_default();
            *sum = sum.saturating_add(*waits);
        }
    }
}

fn figures(crowds: &[(usize, Vec<Wave>)]) -> Vec<CrowdFigures> {
    let alone = crowds.first().map_or(&[][..], |(_, waves)| waves);
    let figures = crowds.iter().map(|(ticks, waves)| {
        let pairs = waves.iter().zip(alone);
        let mut seen = Seen::default();
        waves.iter().for_each(|wave| seen.add(&wave.seen));
        CrowdFigures {
            ticks: *ticks,
            rentals_per_sec: Spread::of(waves.iter().map(|wave| wave.rentals_per_sec)),
            rate_ratio: Spread::of(
                pairs.map(|(wave, alone)| wave.rentals_per_sec / alone.rentals_per_sec),
            ),
            seen,
        }
    });
    figures.collect()
}
