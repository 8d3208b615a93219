//! The HTTP client towards outside systems.

use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client whose every request ends within `timeout`, whatever the other side does.
///
/// It follows no redirects and uses no proxy: a money call goes where it was sent or nowhere.
///
/// # Errors
/// When TLS cannot be set up.
pub fn http_client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // `ring` keeps cold starts short; another part of the process may have chosen it already.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes HTTP clients"
    )]
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
