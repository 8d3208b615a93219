//! The binary: its one line, its end, its failures to start.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;

use crate::kit::{Talker, payment, success, until};

struct Process {
    child: Child,
    client: Talker,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_external-stubs"));
    command.env("STUBS_PORT", "0").env("STUBS_DATA", data);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    fn start(data: &Path) -> Self {
        Self::spawn(&mut command(data))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .strip_prefix("external-stubs listening on ")
            .unwrap()
            .trim_end();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self {
            client: Talker::new(url.to_owned()),
            child,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, as most tests want it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn what_was_answered_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("not/yet/there/stubs.redb");
    for round in 1..=3 {
        let mut process = Process::start(&data);
        let order = format!("order-{round}");
        let hold = payment("user-1", &order, 500);
        process
            .client
            .keyed(&order, "/hold-money-for-order", hold)
            .await
            .is(200, success());
        process
            .client
            .post("/eject-powerbank", json!({"station_id": "station-456"}))
            .await;
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    let client = &Process::start(&data).client;
    assert_eq!(client.balance("user-1").await, 98_500);
    assert_eq!(client.stock("station-456").await, 2);
    for round in 1..=3 {
        let order = format!("order-{round}");
        let hold = payment("user-1", &order, 500);
        client
            .keyed(&order, "/hold-money-for-order", hold)
            .await
            .is(200, success());
        assert_eq!(client.ledger(&order).await["holds"], 1);
    }
}

#[tokio::test]
async fn a_signal_ends_it_cleanly_and_quickly_whatever_hangs() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let folder = TempDir::new().unwrap();
        let mut process = Process::start(&folder.path().join("stubs.redb"));
        let client = process.client.clone();
        client
            .post(
                "/admin/faults",
                json!({"endpoint": "configs", "mode": "hang"}),
            )
            .await;
        let caller = client.clone();
        let hanging = tokio::spawn(async move {
            caller
                .request(reqwest::Method::GET, "/configs")
                .send()
                .await
                .is_err()
        });
        until("the call arrived", || async {
            client.get("/admin/calls").await.json()["calls"] != json!([])
        })
        .await;

        let asked = Instant::now();
        kill(
            Pid::from_raw(process.child.id().try_into().unwrap()),
            signal,
        )
        .unwrap();
        assert!(hanging.await.unwrap(), "{signal}: the hanging call was cut");
        assert!(process.child.wait().unwrap().success(), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{signal}");
    }
}

#[test]
fn a_start_that_cannot_be_ends_with_one_sentence_and_1() {
    let folder = TempDir::new().unwrap();
    let garbage = folder.path().join("garbage.redb");
    std::fs::write(&garbage, "not a database".repeat(1000)).unwrap();
    let data = folder.path().join("stubs.redb");
    let running = Process::start(&folder.path().join("running.redb"));
    let taken = running.client.port();

    let mut taken_port = command(&data);
    taken_port.args(["--port", taken]);
    let failures = [
        (taken_port, format!("cannot listen on 127.0.0.1:{taken}")),
        (
            command(&garbage),
            format!("cannot open the data file {}", garbage.display()),
        ),
        (
            command(folder.path()),
            format!("cannot open the data file {}", folder.path().display()),
        ),
        (
            command(&folder.path().join("running.redb")),
            "cannot open the data file".to_owned(),
        ),
    ];
    for (mut command, sentence) in failures {
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
        assert!(
            said.starts_with(&format!("external-stubs: {sentence}")),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn the_tick_that_configs_show_comes_from_the_environment() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("stubs.redb");
    let process = Process::spawn(command(&data).env("BILLING_TICK_SEC", "7"));
    assert_eq!(
        process.client.get("/configs").await.json()["BILLING_TICK_SEC"],
        7
    );
}
