//! The audit as a program: what it prints, and how it ends.

use super::{closed, in_billing, in_rental};
use futures::future::join;
use serde_json::{Value, json};
use std::cell::Cell;
use std::process::Output;
use std::time::Duration;
use testkit::World;
use tokio::process::Command;

async fn program(world: &World, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(|deps| deps.parent()).unwrap();
    let ports = (world.rental_proxy.port(), world.billing_proxy.port());
    let [rental, billing] = world.databases.urls_through(ports.0, ports.1);
    let mut command = Command::new(built.join("audit"));
    command
        .args(arguments)
        .env_clear()
        .env("RENTAL_DATABASE_URL", rental)
        .env("BILLING_DATABASE_URL", billing)
        .env("LEDGER_URL", world.stub.url());
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_program_ends_with_0_when_no_law_is_broken_with_1_when_one_is_with_2_when_it_cannot_tell()
 {
    let world = World::start().await;
    let nothing = program(&world, &[]).await;
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    assert!(text(&nothing.stderr).contains("no rental"), "{nothing:?}");

    let rental_id = closed(&world).await;
    let clean = program(&world, &["--at-rest"]).await;
    assert_eq!(clean.status.code(), Some(0), "{clean:?}");
    let (table, sentence) = (text(&clean.stdout), text(&clean.stderr));
    assert_eq!(table.lines().count(), 18, "{table}");
    assert_eq!(sentence, "no law is broken; rentals audited: 1\n");

    in_rental(&world, "DELETE FROM outbox WHERE version = 1").await;
    let broken = program(&world, &["--json"]).await;
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    let report: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(report["is_clean"], json!(false));
    assert_eq!(report["laws"][13]["violations"], json!(1));
    assert_eq!(report["violations"][0]["rental_id"], json!(rental_id));
    assert!(
        text(&broken.stderr).contains("laws are broken: 1"),
        "{broken:?}"
    );

    world.billing_proxy.cut();
    let away = program(&world, &[]).await;
    assert_eq!(away.status.code(), Some(2), "{away:?}");
    let sentence = text(&away.stderr);
    assert!(sentence.starts_with("error: db-billing"), "{sentence}");
}

#[tokio::test]
async fn the_program_ends_with_1_when_something_looked_amiss_with_a_rental_that_never_stood_still()
{
    let world = World::start().await;
    closed(&world).await;
    in_rental(&world, "DELETE FROM outbox WHERE version = 1").await;
    // Longer than an audit looks, and far more often.
    let is_over = Cell::new(false);
    let moves = async {
        while !is_over.get() {
            in_billing(&world, "UPDATE rentals SET lease_token = gen_random_uuid()").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let audit = async {
        let audited = program(&world, &[]).await;
        is_over.set(true);
        audited
    };
    let ((), audited) = join(moves, audit).await;
    assert_eq!(audited.status.code(), Some(1), "{audited:?}");
    let (table, sentence) = (text(&audited.stdout), text(&audited.stderr));
    assert!(table.contains("moved each time"), "{table}");
    assert!(
        sentence.contains("rentals that never stood still: 1 of 1"),
        "{sentence}"
    );
}
