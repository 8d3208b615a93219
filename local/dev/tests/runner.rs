//! The runner as a person uses it: as a program.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use dev::process::Process;
use dev::stack::DataFolder;
use nix::sys::signal::Signal;
use tempfile::TempDir;

/// The runner in the project's folder, with none of its settings set.
fn dev(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .args(arguments);
    for setting in [
        "API_PORT",
        "BILLING_DATABASE_URL",
        "BILLING_DB_PORT",
        "BILLING_TICK_SEC",
        "DATA_DIR",
        "LEDGER_URL",
        "PG_SOURCE",
        "RENTAL_DATABASE_URL",
        "RENTAL_DB_PORT",
        "STUBS_PORT",
    ] {
        command.env_remove(setting);
    }
    command
}

/// A folder that any account may enter.
fn open_folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// The one sentence with which the runner gave up.
fn sentence(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(stderr.lines().count(), 1, "more than a sentence: {stderr}");
    stderr.trim().to_owned()
}

#[test]
fn a_taken_port_gives_one_sentence_that_names_it_and_what_to_do() {
    let data = open_folder();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = data.path().join("data");
    let output = dev(&["run", "--api-port", &port])
        .env("DATA_DIR", &folder)
        .output()
        .unwrap();
    let sentence = sentence(&output);
    assert!(
        sentence.starts_with(&format!("error: port {port} (API_PORT) is taken")),
        "{sentence}"
    );
    assert!(sentence.contains("API_PORT="), "{sentence}");
    // Nobody holds the folder any more.
    assert!(DataFolder::take(&folder).is_ok());
}

#[test]
fn one_port_for_two_parts_is_refused() {
    let data = open_folder();
    let output = dev(&["run", "--api-port", "18999", "--stubs-port", "18999"])
        .env("DATA_DIR", data.path().join("data"))
        .output()
        .unwrap();
    assert_eq!(
        sentence(&output),
        "error: API_PORT and STUBS_PORT are both 18999: choose two ports"
    );
}

#[test]
fn one_database_without_the_other_is_refused() {
    let data = open_folder();
    let output = dev(&["run"])
        .env("DATA_DIR", data.path().join("data"))
        .env("RENTAL_DATABASE_URL", "postgres://127.0.0.1/rental")
        .output()
        .unwrap();
    assert_eq!(
        sentence(&output),
        "error: RENTAL_DATABASE_URL is set without BILLING_DATABASE_URL: set both, or neither"
    );
}

#[test]
fn a_demo_without_a_stack_says_how_to_start_one() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let output = dev(&["demo", "--api-port", &port]).output().unwrap();
    assert_eq!(
        sentence(&output),
        format!("error: nothing answers on http://127.0.0.1:{port}: start it with `make run`")
    );
}

#[test]
fn with_postgres_passes_the_exit_code_on_and_leaves_nothing_behind() {
    let temporary = open_folder();
    let script = "echo $TEST_DATABASE_URL; sleep 600 & echo $!; exit 7";
    let output = dev(&["with-postgres", "--", "sh", "-c", script])
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (url, sleeper) = stdout.trim().split_once('\n').unwrap();
    let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse().unwrap())).is_err());
    assert_eq!(Process::with_pid(sleeper.parse().unwrap()), None);
    assert!(is_empty(temporary.path()));
}

#[test]
fn with_postgres_leaves_nothing_behind_when_it_is_told_to_stop() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let temporary = open_folder();
        let script = "echo $$; exec sleep 600";
        let mut runner = dev(&["with-postgres", "--", "sh", "-c", script])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(runner.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        dev::process::signal(runner.id(), signal);
        assert_eq!(runner.wait().unwrap().code(), Some(code));
        assert_eq!(Process::with_pid(line.trim().parse().unwrap()), None);
        assert!(is_empty(temporary.path()));
    }
}

/// Nothing listens on port 1.
#[test]
fn an_audit_of_a_stack_that_does_not_run_says_how_to_start_one() {
    for port in ["--rental-db-port", "--stubs-port"] {
        let output = dev(&["audit", port, "1"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "more than a sentence: {stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
        assert!(stderr.contains("`make run`"), "{stderr}");
    }
}

#[test]
fn an_audit_that_finds_no_rental_is_no_success() {
    let dev_itself = env!("CARGO_BIN_EXE_dev");
    let output = dev(&["with-postgres", "--", dev_itself, "audit", "--no-ledger"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let last = stderr.lines().last().unwrap();
    assert!(last.contains("no rental"), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("not checked: no ledger"), "{stdout}");
}

#[test]
fn clean_data_removes_what_a_run_has_kept() {
    let parent = open_folder();
    let folder = parent.path().join("data");
    drop(DataFolder::take(&folder).unwrap());
    fs::write(folder.join("stubs.redb"), "kept").unwrap();
    let output = dev(&["clean-data"])
        .env("DATA_DIR", &folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(is_empty(parent.path()));

    let again = dev(&["clean-data"])
        .env("DATA_DIR", &folder)
        .output()
        .unwrap();
    assert!(again.status.success(), "nothing to remove is no failure");
}

#[test]
fn clean_data_refuses_while_a_stack_runs_on_the_data() {
    let parent = open_folder();
    let folder = parent.path().join("data");
    let held = DataFolder::take(&folder).unwrap();
    let output = dev(&["clean-data"])
        .env("DATA_DIR", &folder)
        .output()
        .unwrap();
    let sentence = sentence(&output);
    assert!(sentence.contains("a stack runs on"), "{sentence}");
    assert!(held.path().is_dir());
}

#[test]
fn clean_data_refuses_a_folder_that_no_run_has_made() {
    let folder = open_folder();
    fs::write(folder.path().join("letters.txt"), "mine").unwrap();
    let output = dev(&["clean-data"])
        .env("DATA_DIR", folder.path())
        .output()
        .unwrap();
    let sentence = sentence(&output);
    assert!(
        sentence.contains("was not made by `make run`"),
        "{sentence}"
    );
    assert!(folder.path().join("letters.txt").is_file());
}
