//! A TCP proxy in front of a database, to take it away.

use anyhow::Result;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Everything passes.
    Open,
    /// Connections are cut, new ones refused.
    Cut,
    /// Connections stay, and nothing passes any more.
    Frozen,
}

/// A proxy on a port of its own.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Debug)]
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Proxy {
    /// A proxy to `target`, open.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: (String, u16)) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (mode, modes) = watch::channel(Mode::Open);
        let task = tokio::spawn(accept(listener, target, modes));
        Ok(Self {
            port,
            mode,
            _task: Arc::new(AbortOnDrop(task)),
        })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.mode.borrow() == Mode::Open
    }

    /// Lets everything pass.
    pub fn open(&self) {
        self.mode.send_replace(Mode::Open);
    }

    /// Cuts all connections and refuses new ones.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps all connections and lets nothing pass, as when a network drops packets.
    pub fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }
}

async fn accept(listener: TcpListener, target: (String, u16), modes: watch::Receiver<Mode>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(relay(client, target.clone(), modes.clone()));
    }
}

/// Relays until the connection ends or is cut. A frozen one is held until the freeze is over, and
/// then cut: what it would have said is long stale.
async fn relay(mut client: TcpStream, target: (String, u16), mut modes: watch::Receiver<Mode>) {
    if *modes.borrow_and_update() == Mode::Open {
        let Ok(mut server) = TcpStream::connect(target).await else {
            return;
        };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = modes.wait_for(|mode| *mode != Mode::Open) => {}
        }
    }
    // `client` stays connected while nothing passes, and is closed on the way out.
    let _thawed = modes.wait_for(|mode| *mode != Mode::Frozen).await;
    drop(client);
}
