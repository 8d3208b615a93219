//! A run: load and kills, then two rounds of rest, then the verdict.

use crate::Arguments;
use crate::functions::plan;
use crate::log;
use crate::progress::Progress;
use crate::request::Heard;
use crate::stage::Stage;
use anyhow::{Result, ensure};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A start's lease lasts 25 s.
const PAST_A_LEASE_SEC: i64 = 26;

/// Whether no law was broken, and enough happened to say so.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    let log = log::start(seed)?;
    println!("SEED={seed}; the log is {}", log.path.display());
    let stage = Arc::new(Stage::build(seed, log.file).await?);
    let answer = stage.health().await;
    ensure!(
        matches!(answer, Heard::Answer(_)),
        "health does not answer: build the functions first"
    );
    let progress = Progress::follow(&stage, arguments.kills)?;
    play(&stage, arguments, &progress).await?;
    drop(progress);

    let tally = stage.tally();
    println!("In {} s: {tally}", stage.time.elapsed_sec());
    let failures = tally.failures(arguments.kills);
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    if failures.is_empty() {
        println!("No law was broken. SEED={seed}");
    } else {
        println!("The log is {}. SEED={seed}", log.path.display());
    }
    Ok(failures.is_empty())
}

async fn play(stage: &Arc<Stage>, arguments: &Arguments, progress: &Progress) -> Result<()> {
    let mut load = load(stage, arguments.clients);
    let plan = plan(arguments.kills, &mut stage.dice("plan"));
    let kills = async {
        stage.kill_as_planned(plan).await?;
        stage.end_load();
        Ok(())
    };
    tokio::select! {
        done = async { tokio::try_join!(kills, stage.audit_on_the_way()) } => { done?; }
        failed = first_failure(&mut load) => return Err(failed),
    }
    progress.now("what was begun comes to its end");
    stage.heal().await?;
    stage.leap(PAST_A_LEASE_SEC).await?;
    while let Some(ended) = load.join_next().await {
        ended??;
    }
    if stage.is_over() {
        return Ok(());
    }
    // What a hanging call was about may have been deferred again meanwhile.
    stage.heal().await?;
    progress.now("two rounds");
    stage.world.settle().await?;
    progress.now("the last audit");
    stage.audit_at_rest().await
}

/// All that goes on beside the kills and the audits.
fn load(stage: &Arc<Stage>, clients: u64) -> JoinSet<Result<()>> {
    let mut load = JoinSet::new();
    let share = || Arc::clone(stage);
    for number in 0..clients {
        let stage = share();
        load.spawn(async move { stage.let_clients_come(number).await });
    }
    load.spawn(share().fire_ticks());
    load.spawn(share().fire_reconciles());
    let stage = share();
    load.spawn(async move { stage.let_people_command().await });
    let stage = share();
    load.spawn(async move { stage.look_after_it().await });
    let stage = share();
    load.spawn(async move { stage.let_time_pass().await });
    let stage = share();
    load.spawn(async move { stage.let_calls_fail().await });
    let stage = share();
    load.spawn(async move { stage.let_late_calls_arrive().await });
    let stage = share();
    load.spawn(async move { stage.let_users_earn_and_spend().await });
    load
}

/// Waits for what ends in an error; while all is well nothing ends, or it ends for good.
async fn first_failure(load: &mut JoinSet<Result<()>>) -> anyhow::Error {
    while let Some(ended) = load.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(error) => return error.into(),
        }
    }
    std::future::pending().await
}

fn fresh_seed() -> u64 {
    let (_, random) = runtime::fresh_id().as_u64_pair();
    random & u64::from(u32::MAX)
}
