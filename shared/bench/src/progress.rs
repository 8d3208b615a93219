//! How far the run is, for a person who waits.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) fn bar(what: &'static str, length: u64) -> Result<ProgressBar> {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {msg}")?;
    bar.set_style(style);
    bar.set_message(what);
    if bar.is_hidden() {
        println!("{length} {what} …");
    }
    Ok(bar)
}
