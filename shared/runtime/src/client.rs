//! The HTTP client towards outside systems.

use rustls::{ClientConfig, RootCertStore};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client for all of a process's requests; to clone it is cheap, to make another one costs a
/// cold start some milliseconds. Each request sets its own time-out.
///
/// It follows no redirects and uses no proxy: a money call goes where it was sent or nowhere.
///
/// # Errors
/// When TLS cannot be set up.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // `ring` keeps cold starts short; another part of the process may have chosen it already.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    // Compiled in: to read the machine's own would cost each cold start some milliseconds.
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.into(),
    };
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes HTTP clients"
    )]
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
