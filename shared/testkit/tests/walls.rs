//! Which crate may see which: the walls of docs/ARCHITECTURE.md, read from Cargo itself.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// By crate: all that it links, directly or not, tests apart.
fn links() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeMap<&str, &str> = array(&metadata["packages"])
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let direct: BTreeMap<&str, Vec<&str>> = array(&metadata["resolve"]["nodes"])
        .map(|node| {
            (
                text(&node["id"]),
                array(&node["deps"]).filter_map(linked).collect(),
            )
        })
        .collect();
    array(&metadata["workspace_members"])
        .map(|member| {
            let mut seen = BTreeSet::new();
            let mut waiting = vec![text(member)];
            while let Some(id) = waiting.pop() {
                if seen.insert(id) {
                    waiting.extend(&direct[id]);
                }
            }
            seen.remove(text(member));
            let linked = seen.into_iter().map(|id| names[id].to_owned()).collect();
            (names[text(member)].to_owned(), linked)
        })
        .collect()
}

/// A dependency's package, unless only tests or build scripts need it.
fn linked(dependency: &Value) -> Option<&str> {
    array(&dependency["dep_kinds"])
        .any(|kind| kind["kind"].is_null())
        .then(|| text(&dependency["pkg"]))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn assert_never_links(name: &str, forbidden: &[&str]) {
    let links = links();
    for other in forbidden {
        assert!(!links[name].contains(*other), "{name} links {other}");
    }
}

#[test]
fn the_domain_does_no_io() {
    assert_never_links(
        "domain",
        &["tokio", "sqlx", "reqwest", "http", "runtime", "db"],
    );
}

#[test]
fn billing_tick_never_sees_db_rental() {
    assert_never_links("billing-tick", &["db-rental", "delivery", "start"]);
}

#[test]
fn quote_never_sees_db_billing() {
    assert_never_links("quote", &["db-billing", "delivery"]);
}

#[test]
fn status_and_operator_never_call_an_outside_system() {
    assert_never_links("status", &["external"]);
    assert_never_links("operator", &["external"]);
}

#[test]
fn a_start_is_decided_without_asking_anybody() {
    assert_never_links("start-decision", &["external", "db-billing"]);
}

#[test]
fn a_database_crate_knows_neither_the_other_one_nor_the_outside() {
    assert_never_links("db-rental", &["db-billing", "external"]);
    assert_never_links("db-billing", &["db-rental", "external"]);
}

#[test]
fn only_the_database_crates_and_the_local_tools_depend_on_sqlx() {
    let allowed = [
        "bench",
        "db",
        "db-billing",
        "db-rental",
        "dev",
        "floor",
        "kills",
        "simulation",
        "testkit",
    ];
    for manifest in ["functions", "shared", "local"]
        .into_iter()
        .flat_map(manifests)
    {
        let (name, text) = manifest;
        let depends = text.lines().any(|line| line.starts_with("sqlx"));
        assert_eq!(depends, allowed.contains(&name.as_str()), "{name} and sqlx");
    }
}

#[test]
fn the_floor_of_the_benchmarks_links_nothing_of_ours() {
    let ours = [
        "runtime",
        "domain",
        "db",
        "db-rental",
        "db-billing",
        "external",
    ];
    assert_never_links("floor", &ours);
}

#[test]
fn no_function_links_the_audit() {
    for (function, _) in manifests("functions") {
        assert_never_links(&function, &["audit"]);
    }
}

/// It recomputes what it audits: it reads the tables, and knows nothing of the rules' code.
#[test]
fn the_audit_depends_on_nothing_that_it_audits() {
    assert_never_links("audit", &["external", "delivery", "start"]);
    let manifests = manifests("shared");
    let (_, manifest) = manifests.iter().find(|(name, _)| name == "audit").unwrap();
    let (dependencies, _) = manifest.split_once("[dev-dependencies]").unwrap();
    assert!(!dependencies.contains("\ndomain"), "{dependencies}");
}

#[test]
fn only_reconcile_may_link_the_aws_sdk() {
    for (name, linked) in links() {
        let sdk = linked.iter().find(|name| name.starts_with("aws-sdk-"));
        assert!(name == "reconcile" || sdk.is_none(), "{name} links {sdk:?}");
    }
}

/// The manifests below a folder of the workspace, by package name.
fn manifests(folder: &str) -> Vec<(String, String)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::fs::read_dir(format!("{root}/{folder}"))
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(path.join("Cargo.toml")).ok()?;
            Some((
                path.file_name().unwrap().to_string_lossy().into_owned(),
                text,
            ))
        })
        .collect()
}
