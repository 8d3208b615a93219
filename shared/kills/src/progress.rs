//! How far the run is, for a person who waits.

use crate::stage::Stage;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

const REFRESH: Duration = Duration::from_millis(200);
/// So many kills, where there is no terminal.
const TELL_EVERY: u64 = 25;

/// A bar that follows the stage until it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    following: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn follow(stage: &Arc<Stage>, kills: u64) -> Result<Self> {
        let bar = ProgressBar::new(kills);
        bar.set_style(ProgressStyle::with_template(
            "{elapsed_precise} {bar:30} {pos}/{len} kills, {msg} {prefix}",
        )?);
        let following = tokio::spawn(follow(Arc::clone(stage), bar.clone()));
        Ok(Self { bar, following })
    }

    /// Says what is being done after the last kill.
    pub(crate) fn now(&self, what: &'static str) {
        self.bar.set_prefix(format!("({what})"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.following.abort();
        self.bar.finish_and_clear();
    }
}

async fn follow(stage: Arc<Stage>, bar: ProgressBar) {
    let mut told: u64 = 0;
    loop {
        let (kills, message) = {
            let tally = stage.tally();
            let message = format!(
                "{} left something half done, {} requests, {} violations",
                tally.half_done(),
                tally.requests,
                tally.violations()
            );
            (tally.kills(), message)
        };
        if bar.is_hidden() && kills >= told.saturating_add(TELL_EVERY) {
            println!("{} s, {kills} kills, {message}", stage.time.elapsed_sec());
            told = kills;
        }
        bar.set_position(kills);
        bar.set_message(message);
        tokio::time::sleep(REFRESH).await;
    }
}
