//! A TCP proxy in front of a database, to take it away.

use anyhow::Result;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Everything passes.
    #[default]
    Open,
    /// Connections are cut, new ones refused.
    Cut,
    /// Connections stay, and nothing passes until the freeze is over.
    Frozen,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    mode: Mode,
    /// How often all connections that there were have been broken at once.
    restarts: u64,
}

/// What becomes of something that a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// It does not pass; connections are cut and new ones refused from then on.
    Cut,
    /// It does not pass, nor does anything else, until the freeze is over.
    Freeze,
    /// It does not pass, and all connections break; new ones are taken.
    Restart,
    /// It passes; the connection is cut instead of passing the answer on.
    LoseAnswer,
    /// The same for a COMMIT; nothing else counts.
    LoseAnswerOfCommit,
}

/// A proxy on a port of its own.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Debug, Default)]
struct Shared {
    state: watch::Sender<State>,
    /// The blow that is to come, and how many more are to be heard until then.
    blow: Mutex<Option<(u64, Blow)>>,
    /// What clients asked while the proxy was open.
    passed: AtomicU64,
    /// The commits among it.
    commits: AtomicU64,
    /// How often anything was heard from either side.
    movements: AtomicU64,
}

impl Shared {
    fn mode(&self) -> Mode {
        self.state.borrow().mode
    }

    fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    fn break_all(&self) {
        self.state
            .send_modify(|state| state.restarts = state.restarts.saturating_add(1));
    }

    /// Something is heard from a client: the blow that falls on it.
    fn hear(&self, is_commit: bool) -> Option<Blow> {
        let blow = self.blow_on(is_commit);
        match blow {
            Some(Blow::Cut) => self.set(Mode::Cut),
            Some(Blow::Freeze) => self.set(Mode::Frozen),
            Some(Blow::Restart) => self.break_all(),
            Some(Blow::LoseAnswer | Blow::LoseAnswerOfCommit) | None => {}
        }
        if self.mode() == Mode::Open {
            self.passed.fetch_add(1, Ordering::SeqCst);
            self.commits
                .fetch_add(u64::from(is_commit), Ordering::SeqCst);
        }
        blow
    }

    fn coming_blow(&self) -> MutexGuard<'_, Option<(u64, Blow)>> {
        self.blow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blow_on(&self, is_commit: bool) -> Option<Blow> {
        let mut coming = self.coming_blow();
        let (left, blow) = (*coming)?;
        if blow == Blow::LoseAnswerOfCommit && !is_commit {
            return None;
        }
        *coming = left
            .checked_sub(1)
            .filter(|left| *left > 0)
            .map(|left| (left, blow));
        coming.is_none().then_some(blow)
    }
}

/// Ends with the last handle; what was frozen then breaks.
#[derive(Debug)]
struct AbortOnDrop(JoinHandle<()>, Arc<Shared>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
        self.1.set(Mode::Cut);
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
        let shared = Arc::new(Shared::default());
        let relays = tokio::spawn(accept(listener, target, Arc::clone(&shared)));
        Ok(Self {
            port,
            _task: Arc::new(AbortOnDrop(relays, Arc::clone(&shared))),
            shared,
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
        self.shared.mode() == Mode::Open
    }

    /// Lets everything pass. What was said into a freeze arrives now.
    pub fn open(&self) {
        self.shared.set(Mode::Open);
    }

    /// Cuts all connections and refuses new ones.
    pub fn cut(&self) {
        self.shared.set(Mode::Cut);
    }

    /// Keeps all connections and lets nothing pass, as when a network stands still.
    pub fn freeze(&self) {
        self.shared.set(Mode::Frozen);
    }

    /// Lets a blow fall on the `nth` thing that clients say from now on.
    pub fn strike_at(&self, nth: u64, blow: Blow) {
        *self.shared.coming_blow() = Some((nth, blow));
    }

    /// Takes back the blow that is to come. Whether there was none left: it has fallen.
    pub fn has_struck(&self) -> bool {
        self.shared.coming_blow().take().is_none()
    }

    /// How often clients were heard so far while everything passed.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// How many commits there were among it.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::SeqCst)
    }

    /// How often anything was heard so far, from clients or from the server.
    #[must_use]
    pub fn movements(&self) -> u64 {
        self.shared.movements.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, target: (String, u16), shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(relay(client, target.clone(), Arc::clone(&shared)));
    }
}

/// Relays until the connection ends, breaks, or is cut.
async fn relay(client: TcpStream, target: (String, u16), shared: Arc<Shared>) {
    thaw(&shared).await;
    let State { mode, restarts } = *shared.state.borrow();
    if mode == Mode::Cut {
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
    let mut until_cut = shared.state.subscribe();
    tokio::select! {
        _ = ask(from_client, to_server, &shared, &loses_this_answer) => {}
        _ = answer(from_server, to_client, &shared, &loses_this_answer, &lost) => {}
        () = lost.notified() => {}
        _ = until_cut.wait_for(|now| now.mode == Mode::Cut || now.restarts != restarts) => {}
    }
}

/// From the client to the server.
async fn ask(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    shared: &Shared,
    loses_this_answer: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        let said = buffer.get(..length).unwrap_or_default();
        shared.movements.fetch_add(1, Ordering::SeqCst);
        if !said.is_empty() && said.first() != Some(&TERMINATE) {
            let is_commit = said.windows(COMMIT.len()).any(|part| part == COMMIT);
            match shared.hear(is_commit) {
                Some(Blow::Cut | Blow::Restart) => return Ok(()),
                Some(Blow::LoseAnswer | Blow::LoseAnswerOfCommit) => {
                    loses_this_answer.store(true, Ordering::SeqCst);
                }
                Some(Blow::Freeze) | None => {}
            }
        }
        thaw(shared).await;
        if said.is_empty() {
            return Ok(());
        }
        server.write_all(said).await?;
    }
}

/// From the server to the client.
async fn answer(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    shared: &Shared,
    loses_this_answer: &AtomicBool,
    lost: &Notify,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = server.read(&mut buffer).await?;
        shared.movements.fetch_add(1, Ordering::SeqCst);
        if loses_this_answer.load(Ordering::SeqCst) {
            lost.notify_one();
            std::future::pending::<()>().await;
        }
        thaw(shared).await;
        let said = buffer.get(..length).unwrap_or_default();
        if said.is_empty() {
            return Ok(());
        }
        client.write_all(said).await?;
    }
}

/// Waits until a freeze is over.
async fn thaw(shared: &Shared) {
    let mut state = shared.state.subscribe();
    drop(state.wait_for(|now| now.mode != Mode::Frozen).await);
}
