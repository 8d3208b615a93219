//! How things stand after a reconcile. Not to know it costs the reconcile nothing but these numbers.

use crate::Reconcile;
use db::DbError;
use db_rental::RentalBooks;
use domain::Moment;
use std::time::Duration;
use tokio::time::Instant;

impl Reconcile {
    pub(crate) async fn books(&self) -> Option<RentalBooks> {
        self.rentals
            .statement("books", async |c| db_rental::books(c).await)
            .await
            .inspect_err(|error| tracing::error!(%error, "how db-rental stands is not known"))
            .ok()
    }

    /// Asks both databases for the time, one right after the other.
    pub(crate) async fn clock_skew_sec(&self) -> Option<i64> {
        self.ask_the_clocks()
            .await
            .inspect_err(|error| tracing::error!(%error, "the clocks' skew is not known"))
            .ok()
    }

    async fn ask_the_clocks(&self) -> Result<i64, DbError> {
        let asked = Instant::now();
        let rental = self
            .rentals
            .statement("clock", async |c| db_rental::now(c).await)
            .await?;
        let billing = self
            .billing
            .statement("clock", async |c| db_billing::now(c).await)
            .await?;
        Ok(certain_skew_sec(rental, billing, asked.elapsed()))
    }
}

/// By how many seconds `billing` is ahead of `rental`, which were asked one after the other and
/// took `together`. Each was read at some moment of its own round trip: half of both is what
/// equal clocks are expected to lie apart, and the other half is what cannot be known.
fn certain_skew_sec(rental: Moment, billing: Moment, together: Duration) -> i64 {
    let half = together.checked_div(2).unwrap_or_default();
    let half_ms = i64::try_from(half.as_millis()).unwrap_or(i64::MAX);
    let apart_ms = billing.signed_duration_since(rental).num_milliseconds();
    let skew_ms = apart_ms.saturating_sub(half_ms);
    let certain_ms = skew_ms.saturating_abs().saturating_sub(half_ms).max(0);
    let rounded = certain_ms.saturating_add(500).div_euclid(1_000);
    skew_ms.signum().saturating_mul(rounded)
}

#[cfg(test)]
mod tests {
    use super::{Moment, certain_skew_sec};
    use std::time::Duration;

    /// The skew that is certain of two clocks which answered so far apart.
    fn skew_sec(apart_ms: i64, together_ms: u64) -> i64 {
        let rental = Moment::UNIX_EPOCH;
        let billing = Moment::from_timestamp_millis(apart_ms).unwrap();
        certain_skew_sec(rental, billing, Duration::from_millis(together_ms))
    }

    #[test]
    fn equal_clocks_have_no_skew_however_slowly_they_answer() {
        for together_ms in [0, 3, 40, 4_000] {
            for apart_ms in [0, together_ms / 2, together_ms] {
                let apart_ms = i64::try_from(apart_ms).unwrap();
                assert_eq!(skew_sec(apart_ms, together_ms), 0);
            }
        }
    }

    #[test]
    fn a_skew_is_told_with_its_direction() {
        assert_eq!(skew_sec(300_002, 4), 300);
        assert_eq!(skew_sec(-299_998, 4), -300);
    }

    #[test]
    fn of_a_skew_that_was_asked_slowly_only_what_is_certain_is_told() {
        assert_eq!(skew_sec(12_000, 4_000), 8);
        assert_eq!(skew_sec(-12_000, 4_000), -12);
    }
}
