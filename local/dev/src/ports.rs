//! Ports: whether they are free, before anything starts.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// A port that something of ours will listen on.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The variable by which a person chooses another.
    pub variable: &'static str,
    /// The port.
    pub port: u16,
}

/// Demands that all these ports are free and differ from each other.
///
/// # Errors
/// A sentence that names the port and what to do.
pub fn demand_free(wanted: &[Wanted]) -> Result<()> {
    let mut seen: Vec<Wanted> = Vec::new();
    for want in wanted {
        let Wanted { variable, port } = *want;
        if let Some(other) = seen.iter().find(|other| other.port == port) {
            bail!(
                "{} and {variable} are both {port}: choose two ports",
                other.variable
            );
        }
        seen.push(*want);
        if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            if error.kind() == ErrorKind::AddrInUse {
                let other = next_free(port);
                bail!(
                    "port {port} ({variable}) is taken by another program: stop that program, \
                     or choose another port, for example {variable}={other}"
                );
            }
            bail!(
                "port {port} ({variable}) cannot be opened ({error}): choose another port with {variable}=…"
            );
        }
    }
    Ok(())
}

/// A port that nothing listens on right now.
///
/// # Errors
/// When the system has none left.
pub fn any_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

fn next_free(taken: u16) -> u16 {
    (taken..u16::MAX)
        .skip(1)
        .take(100)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap_or(0)
}
