//! Logs: one line an event, on standard output, where Lambda collects them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the logs: JSON where `LOG_FORMAT=json` (for CloudWatch), short text otherwise; what is
/// logged follows `RUST_LOG` and is `info` by default.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let json = crate::env::Env::of_process()
        .read::<String>("LOG_FORMAT")
        .ok()
        .flatten()
        .as_deref()
        == Some("json");
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true))
            .init();
    } else {
        registry
            .with(tracing_subscriber::fmt::layer().compact().with_ansi(false))
            .init();
    }
}
