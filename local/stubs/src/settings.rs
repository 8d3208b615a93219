//! What can be set from outside.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Settings of one stubs process.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "external-stubs",
    about = "Imitates the outside systems of a power-bank rental"
)]
pub struct Settings {
    /// Address to listen on.
    #[arg(long, env = "STUBS_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    #[arg(long, env = "STUBS_PORT", default_value_t = 3629)]
    pub port: u16,
    /// The data file; missing parent folders are created.
    #[arg(long, env = "STUBS_DATA", default_value = ".data/stubs.redb")]
    pub data: PathBuf,
    /// `BILLING_TICK_SEC` as `/configs` shows it.
    #[arg(long, env = "BILLING_TICK_SEC", default_value_t = 30)]
    pub billing_tick_sec: u32,
}

impl Settings {
    /// Settings for tests and local runs: any free port of this machine, the
    /// default tick, the given data file.
    pub fn on_free_port(data: impl Into<PathBuf>) -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            data: data.into(),
            billing_tick_sec: 30,
        }
    }
}
