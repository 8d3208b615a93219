//! What processes cost, as the kernel counts it.

use crate::pair::Pair;
use crate::stage::Stage;
use anyhow::{Context, Result};
use procfs::process::Process;
use std::time::Duration;
use testkit::OwnProcess;

/// Processor time so far, of a function and of the database servers' processes that serve it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) function: Duration,
    pub(crate) postgres: Duration,
}

impl Cpu {
    pub(crate) async fn of_both(stage: &Stage, processes: &Pair<OwnProcess>) -> Result<Pair<Self>> {
        Ok(Pair {
            measured: Self::of(stage, &processes.measured).await?,
            yardstick: Self::of(stage, &processes.yardstick).await?,
        })
    }

    pub(crate) async fn of(stage: &Stage, process: &OwnProcess) -> Result<Self> {
        let mut postgres = Duration::ZERO;
        for database in [&stage.databases.rental, &stage.databases.billing] {
            let backends = "SELECT pid FROM pg_stat_activity
                            WHERE application_name = $1 AND datname = current_database()";
            let backends: Vec<i32> = sqlx::query_scalar(backends)
                .bind(process.application_name())
                .fetch_all(database)
                .await?;
            for backend in backends {
                postgres = postgres.saturating_add(cpu(&Process::new(backend)?)?);
            }
        }
        Ok(Self {
            function: cpu(&of(process)?)?,
            postgres,
        })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            function: self.function.saturating_sub(before.function),
            postgres: self.postgres.saturating_sub(before.postgres),
        }
    }
}

pub(crate) fn peak_memory_of_both(processes: &Pair<OwnProcess>) -> Result<Pair<u64>> {
    Ok(Pair {
        measured: peak_memory(&processes.measured)?,
        yardstick: peak_memory(&processes.yardstick)?,
    })
}

/// The most memory that a process ever had, in bytes.
pub(crate) fn peak_memory(process: &OwnProcess) -> Result<u64> {
    let status = of(process)?.status()?;
    let peak_kib = status.vmhwm.context("the kernel does not count memory")?;
    Ok(peak_kib.saturating_mul(1024))
}

/// The size of a function's file, in bytes.
pub(crate) fn binary(function: &str) -> Result<u64> {
    let program = std::env::current_exe()?;
    let binary = program.with_file_name(function);
    let file = std::fs::metadata(&binary).with_context(|| binary.display().to_string())?;
    Ok(file.len())
}

fn of(process: &OwnProcess) -> Result<Process> {
    let id = process.id().context("the process died")?;
    Ok(Process::new(i32::try_from(id)?)?)
}

/// Of all its threads, to the nanosecond. Threads that ended are not counted.
fn cpu(process: &Process) -> Result<Duration> {
    let mut ran = 0_u64;
    for task in process.tasks()? {
        ran = ran.saturating_add(task?.schedstat()?.sum_exec_runtime);
    }
    Ok(Duration::from_nanos(ran))
}
