//! The table of addresses that a started stack prints.

use console::style;

use crate::postgres::without_secrets;
use crate::settings::{DatabaseUrls, Settings};

/// The table; `invoke_at` is what `cargo lambda invoke` must be told.
pub(super) fn of(settings: &Settings, urls: &DatabaseUrls, data: &str, invoke_at: &str) -> String {
    let tick = settings.billing_tick_sec;
    let rows = [
        (
            "API",
            format!("http://localhost:{}/api/v1", settings.doors.api_port),
        ),
        (
            "invoke",
            format!(
                "cargo lambda invoke{invoke_at} billing-tick --data-file local/events/tick.json"
            ),
        ),
        (
            "external-stubs",
            format!("http://localhost:{}", settings.doors.stubs_port),
        ),
        ("db-rental", without_secrets(&urls.rental)),
        ("db-billing", without_secrets(&urls.billing)),
        (
            "scheduler",
            format!("billing-tick and reconcile every {tick} s"),
        ),
        ("data", data.to_owned()),
    ];
    let mut table = format!("\n  {}\n\n", style("The rental system is up.").bold());
    for (name, what) in rows {
        table.push_str(&format!("  {:<16}{what}\n", style(name).cyan()));
    }
    table.push_str(
        "\n  `make demo` in another terminal plays a rental; Ctrl-C here stops everything.\n",
    );
    table
}
