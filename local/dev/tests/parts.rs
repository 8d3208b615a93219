//! The parts of a stack: processes, and a throwaway PostgreSQL.

use std::time::Duration;

use dev::output::Output;
use dev::postgres::{Source, Throwaway};
use dev::process::{Part, alive, descendants};
use dev::project::Project;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Waits until a process has this many below it.
async fn wait_for_descendants(pid: u32, count: usize) -> Vec<dev::process::Process> {
    let began = Instant::now();
    loop {
        let below = descendants(pid);
        if below.len() >= count {
            return below;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "only {below:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_part_that_is_stopped_takes_along_what_it_started_in_other_groups() {
    let script = "trap '' INT; setsid sleep 600 & setsid sleep 601 & wait; wait";
    let part = Part::start("stubborn", shell(script), &Output::default()).unwrap();
    let below = wait_for_descendants(part.pid(), 2).await;
    let left = part.stop(Duration::from_millis(200)).await;
    assert_eq!(left, []);
    assert_eq!(alive(&below), []);
    assert!(!part.runs());
}

#[tokio::test]
async fn a_part_that_is_dropped_takes_its_children_along() {
    let part = Part::start("dropped", shell("sleep 600 & wait"), &Output::default()).unwrap();
    let below = wait_for_descendants(part.pid(), 1).await;
    drop(part);
    let began = Instant::now();
    while !alive(&below).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(5));
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_part_that_dies_is_named_with_the_last_it_said() {
    let script = "echo one; echo two >&2; exit 3";
    let part = Part::start("fragile", shell(script), &Output::default()).unwrap();
    let death = part.death().await.to_string();
    assert!(
        death.starts_with("fragile ended on its own (exit status: 3)"),
        "{death}"
    );
    assert!(death.contains("one") && death.contains("two"), "{death}");
}

#[tokio::test]
async fn a_throwaway_postgres_holds_both_databases_migrated() {
    let project = Project::find().unwrap();
    let mut throwaway = Throwaway::new(Output::default()).unwrap();
    throwaway.start(&project, Source::Auto).await.unwrap();
    let urls = throwaway.database_urls();
    for url in [&urls.rental, &urls.billing] {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let rentals: i64 = sqlx::query_scalar("SELECT count(*) FROM rentals")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(rentals, 0);
        connection.close().await.unwrap();
    }
    let server = throwaway.processes();
    assert!(!server.is_empty());
    throwaway.remove().await.unwrap();
    assert_eq!(alive(&server), []);
}
