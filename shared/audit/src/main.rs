//! `audit`: checks every law of money on two databases and a ledger, and says what it found.

use audit::{Auditor, Ledger, Report, Rules, When};
use clap::Parser;
use db::Database;
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

/// Something is amiss, or there was nothing to check.
const NOT_CLEAN: u8 = 1;
/// The books cannot be read.
const NO_END: u8 = 2;

/// Checks every law of money on both databases and the provider's ledger. Ends with 0 if none is
/// broken, with 1 if one is, nothing was there to be checked, or a rental never stood still; with 2
/// if the books cannot be read.
#[derive(Parser, Debug)]
#[command(name = "audit")]
struct Cli {
    /// db-rental: `postgres://user:password@host:port/name`.
    #[arg(long, env = "RENTAL_DATABASE_URL", hide_env_values = true)]
    rental_database_url: String,
    /// db-billing, likewise.
    #[arg(long, env = "BILLING_DATABASE_URL", hide_env_values = true)]
    billing_database_url: String,
    /// Base URL of the stubs whose ledger is looked into; without one some laws are not checked.
    #[arg(long, env = "LEDGER_URL")]
    ledger_url: Option<String>,
    /// How far billing stays behind an ACTIVE rental, in seconds.
    #[arg(long, env = "BILLING_GRACE_SEC", default_value_t = Rules::default().grace_sec)]
    grace_sec: u32,
    /// Seconds between two ticks.
    #[arg(long, env = "BILLING_TICK_SEC", default_value_t = Rules::default().tick_sec)]
    tick_sec: u32,
    /// How old a debt becomes before it is left to a person, in days.
    #[arg(long, env = "DEBT_MAX_AGE_DAYS", default_value_t = Rules::default().debt_max_age_days)]
    debt_max_age_days: u32,
    /// Two rounds of tick and reconcile have run since the last fault: nothing may be left open.
    #[arg(long)]
    at_rest: bool,
    /// Print JSON instead of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = match run(&cli).await {
        Ok(report) => report,
        Err(error) => {
            say(&format!("error: {error:#}; `make run` starts the system"));
            return ExitCode::from(NO_END);
        }
    };
    let shown = if cli.json {
        serde_json::to_string_pretty(&report).unwrap_or_default()
    } else {
        report.to_string()
    };
    // Whoever closed stdout does not want to know.
    let _ = writeln!(std::io::stdout(), "{shown}");
    match verdict(&report) {
        Ok(sentence) => {
            say(&sentence);
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            say(&format!("error: {sentence}"));
            ExitCode::from(NOT_CLEAN)
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<Report> {
    let ledger = match cli.ledger_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => Some(Ledger::new(runtime::http_client()?, url)),
        None => None,
    };
    let rentals = Database::at(&cli.rental_database_url)?;
    let billing = Database::at(&cli.billing_database_url)?;
    let auditor = Auditor::new(rentals, billing, ledger).of_a_moving_system();
    let rules = Rules {
        grace_sec: cli.grace_sec,
        tick_sec: cli.tick_sec,
        debt_max_age_days: cli.debt_max_age_days,
    };
    let when = if cli.at_rest {
        When::AtRest
    } else {
        When::AnyMoment
    };
    let progress = ProgressBar::new_spinner();
    let report = auditor
        .run_telling(when, rules, |rentals| {
            progress.set_message(format!("{rentals} rentals"));
            progress.tick();
        })
        .await;
    progress.finish_and_clear();
    Ok(report?)
}

/// What a person is told at the end; an error is no success.
fn verdict(report: &Report) -> Result<String, String> {
    let rentals = report.rentals();
    let (broken, unreadable) = (report.violations.len(), report.unreadable.len());
    let moving: BTreeSet<&str> = report
        .moving
        .iter()
        .map(|named| named.rental_id.as_str())
        .collect();
    if report.checked_nothing() && report.is_clean() && moving.is_empty() {
        Err("there is no rental, so that nothing was checked".to_owned())
    } else if broken > 0 {
        Err(format!(
            "laws are broken: {broken} times; rentals audited: {rentals}"
        ))
    } else if unreadable > 0 {
        Err(format!(
            "rentals that cannot be read: {unreadable} of {rentals}"
        ))
    } else if !moving.is_empty() {
        let moving = moving.len();
        Err(format!(
            "no law is surely broken, but something looked amiss each time with rentals that never \
             stood still: {moving} of {rentals}; audit them again"
        ))
    } else {
        Ok(format!("no law is broken; rentals audited: {rentals}"))
    }
}

fn say(sentence: &str) {
    // Whoever closed stderr does not want to know.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}
