//! The local runner; `dev --help` says what it can do.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match dev::cli::execute(dev::cli::Cli::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let label = console::style("error:").red().bold().for_stderr();
            // Whoever closed stderr does not want to know.
            let _ = writeln!(std::io::stderr(), "{label} {error:#}");
            ExitCode::FAILURE
        }
    }
}
