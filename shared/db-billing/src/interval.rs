//! Spans of time, as PostgreSQL takes them.

use chrono::TimeDelta;
use sqlx::postgres::types::PgInterval;

/// The same span; one that PostgreSQL cannot hold is as long as it can.
pub(crate) fn interval(span: TimeDelta) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: span.num_microseconds().unwrap_or(i64::MAX),
    }
}
