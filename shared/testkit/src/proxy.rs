//! A TCP proxy in front of a database, to take it away.

use anyhow::Result;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// A COMMIT as sqlx sends it: a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// A client that takes its leave.
const TERMINATE: u8 = b'X';

/// What the proxy does to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Everything passes.
    Open,
    /// Connections are cut, new ones refused.
    Cut,
    /// Connections stay, and nothing passes until the freeze is over.
    Frozen,
}

/// A proxy on a port of its own.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    shared: Arc<Shared>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Counts down to the commit whose answer is lost; 0 when none is to be.
    commits_until_loss: AtomicU64,
    /// What clients asked while the proxy was open.
    passed: AtomicU64,
    /// What clients asked, and connections they made, while it was not.
    kept_back: AtomicU64,
}

impl Shared {
    /// Counts one more commit.
    fn is_the_one_to_lose(&self) -> bool {
        let counted =
            (self.commits_until_loss).fetch_update(Ordering::SeqCst, Ordering::SeqCst, |commits| {
                commits.checked_sub(1)
            });
        counted == Ok(1)
    }
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
        let mode = watch::Sender::new(Mode::Open);
        let shared = Arc::new(Shared::default());
        let relays = accept(listener, target, mode.subscribe(), Arc::clone(&shared));
        Ok(Self {
            port,
            mode,
            shared,
            _task: Arc::new(AbortOnDrop(tokio::spawn(relays))),
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

    /// Lets everything pass. What was said into a freeze arrives now.
    pub fn open(&self) {
        self.mode.send_replace(Mode::Open);
    }

    /// Cuts all connections and refuses new ones.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps all connections and lets nothing pass, as when a network stands still.
    pub fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    /// Lets the `nth` COMMIT from now happen, and cuts its connection instead of passing the answer
    /// on; 0 takes that back.
    pub fn lose_answer_of_commit(&self, nth: u64) {
        self.shared.commits_until_loss.store(nth, Ordering::SeqCst);
    }

    /// Whether a commit's answer is still to be lost.
    #[must_use]
    pub fn is_to_lose_an_answer(&self) -> bool {
        self.shared.commits_until_loss.load(Ordering::SeqCst) > 0
    }

    /// How often clients were heard so far while everything passed.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// How often clients were heard, or tried to connect, so far while not everything passed.
    #[must_use]
    pub fn kept_back(&self) -> u64 {
        self.shared.kept_back.load(Ordering::SeqCst)
    }
}

async fn accept(
    listener: TcpListener,
    target: (String, u16),
    modes: watch::Receiver<Mode>,
    shared: Arc<Shared>,
) {
    while let Ok((client, _)) = listener.accept().await {
        if *modes.borrow() != Mode::Open {
            shared.kept_back.fetch_add(1, Ordering::SeqCst);
        }
        let relay = relay(client, target.clone(), modes.clone(), Arc::clone(&shared));
        tokio::spawn(relay);
    }
}

/// Relays until the connection ends, breaks, or is cut.
async fn relay(
    client: TcpStream,
    target: (String, u16),
    mut modes: watch::Receiver<Mode>,
    shared: Arc<Shared>,
) {
    thaw(&mut modes).await;
    if *modes.borrow() == Mode::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Both ways are small messages that somebody waits for.
    for stream in [&client, &server] {
        let _without = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let loses_this_answer = AtomicBool::new(false);
    let lost = Notify::new();
    let mut until_cut = modes.clone();
    tokio::select! {
        _ = ask(from_client, to_server, modes.clone(), &shared, &loses_this_answer) => {}
        _ = answer(from_server, to_client, modes, &loses_this_answer, &lost) => {}
        () = lost.notified() => {}
        _ = until_cut.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// From the client to the server.
async fn ask(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    shared: &Shared,
    loses_this_answer: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        let said = buffer.get(..length).unwrap_or_default();
        let heard = if *modes.borrow() == Mode::Open {
            &shared.passed
        } else {
            &shared.kept_back
        };
        if !said.is_empty() && said.first() != Some(&TERMINATE) {
            heard.fetch_add(1, Ordering::SeqCst);
        }
        thaw(&mut modes).await;
        if said.is_empty() {
            return Ok(());
        }
        let is_commit = said.windows(COMMIT.len()).any(|part| part == COMMIT);
        if is_commit && shared.is_the_one_to_lose() {
            loses_this_answer.store(true, Ordering::SeqCst);
        }
        server.write_all(said).await?;
    }
}

/// From the server to the client.
async fn answer(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    loses_this_answer: &AtomicBool,
    lost: &Notify,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = server.read(&mut buffer).await?;
        if loses_this_answer.load(Ordering::SeqCst) {
            lost.notify_one();
            std::future::pending::<()>().await;
        }
        thaw(&mut modes).await;
        let said = buffer.get(..length).unwrap_or_default();
        if said.is_empty() {
            return Ok(());
        }
        client.write_all(said).await?;
    }
}

/// Waits until a freeze is over. A proxy that is gone freezes nothing.
async fn thaw(modes: &mut watch::Receiver<Mode>) {
    drop(modes.wait_for(|mode| *mode != Mode::Frozen).await);
}
