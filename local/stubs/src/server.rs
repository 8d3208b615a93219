//! Starting and stopping.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::calls::Calls;
use crate::catalogue::{Catalogue, Contents};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::http;
use crate::settings::Settings;
use crate::store::Store;

/// What requests under way get to finish in once a stop was asked for.
const GRACE: Duration = Duration::from_millis(500);

/// Running stubs. Dropped, they stop too, but nobody waits for it.
pub struct Stubs {
    addr: SocketAddr,
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Why the stubs could not start. The sources say more: print the whole chain.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {addr}")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data file cannot be read, or another process has it open.
    #[error("cannot open the data file {}", path.display())]
    Data {
        /// What was asked for.
        path: PathBuf,
        /// What the store said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The built-in catalogue is broken: a bug.
    #[error("the built-in catalogue is broken")]
    Catalogue(#[from] serde_json::Error),
}

impl Stubs {
    /// Opens the data file, binds the address and serves in the background.
    ///
    /// # Errors
    ///
    /// When the data file or the address cannot be had.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let contents = Contents::built_in()?;
        let addr = SocketAddr::new(settings.host, settings.port);
        let listen_error = |source| StartError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let store = Store::open(&settings.data, &contents).map_err(|error| StartError::Data {
            path: settings.data.clone(),
            source: error.into(),
        })?;

        let app = Arc::new(App {
            catalogue: Catalogue::new(contents, settings.billing_tick_sec),
            store,
            clock: Arc::new(Clock::default()),
            faults: Faults::new(),
            calls: Calls::default(),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, http::router(Arc::clone(&app))).with_graceful_shutdown(
            async move {
                // A dropped sender stops the server as well as a sent word.
                let _ = stopped.await;
            },
        );
        let server = tokio::spawn(serving.into_future());
        Ok(Self {
            addr,
            app,
            stop,
            server,
        })
    }

    /// Where the stubs really listen.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base of every URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops within a second whatever hangs, and frees the port and the data
    /// file: the next start on either succeeds.
    pub async fn shutdown(mut self) {
        // The server may have ended by itself; there is nobody to tell then.
        let _ = self.stop.send(());
        self.app.faults.reset();
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.app.store.close();
    }
}
