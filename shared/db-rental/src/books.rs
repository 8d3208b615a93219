//! How db-rental stands: what waits, since when, and for whom.

use crate::rental::KEY_RETENTION;
use db::DbError;
use serde::Serialize;
use sqlx::PgConnection;

/// What stands in db-rental at one moment, whoever put it there. Ages are by db-rental's clock and
/// rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RentalBooks {
    /// Transitions that billing was not told of, those set aside apart.
    pub outbox_to_copy: i64,
    /// Since when the oldest of them waits; none without any.
    pub oldest_to_copy_age_sec: Option<i64>,
    /// Power banks that came back and were not reported to their station, those set aside apart.
    pub outbox_to_return: i64,
    /// Since when the oldest of them waits; none without any.
    pub oldest_to_return_age_sec: Option<i64>,
    /// Outbox rows that their consumer refuses, and that wait for an operator.
    pub outbox_set_aside: i64,
    /// Rentals whose power bank was ejected again while they were open, and that wait for an
    /// operator.
    pub rentals_flagged: i64,
    /// Starts that stayed unknown for so long that nobody asks about them any more.
    pub starts_left_to_a_person: i64,
    /// Holds that stayed unknown for so long that nobody asks about them any more.
    pub holds_left_to_a_person: i64,
}

/// Reads how db-rental stands. Each number comes from an index of little more than the rows that
/// it counts: the cost follows from how much waits, not from how many rentals there are.
///
/// # Errors
/// [`DbError`].
pub async fn books(connection: &mut PgConnection) -> Result<RentalBooks, DbError> {
    let books = sqlx::query_as!(
        RentalBooks,
        r#"
        SELECT (SELECT count(*) FROM outbox WHERE copied_at IS NULL AND copy_error IS NULL)
                   AS "outbox_to_copy!",
               (SELECT floor(extract(epoch FROM app_now() - created_at))::bigint FROM outbox
                WHERE copied_at IS NULL AND copy_error IS NULL
                ORDER BY position LIMIT 1) AS oldest_to_copy_age_sec,
               (SELECT count(*) FROM outbox
                WHERE return_station_id IS NOT NULL AND returned_at IS NULL
                  AND return_error IS NULL) AS "outbox_to_return!",
               (SELECT floor(extract(epoch FROM app_now() - created_at))::bigint FROM outbox
                WHERE return_station_id IS NOT NULL AND returned_at IS NULL
                  AND return_error IS NULL
                ORDER BY position LIMIT 1) AS oldest_to_return_age_sec,
               (SELECT count(*) FROM outbox
                WHERE copy_error IS NOT NULL OR return_error IS NOT NULL) AS "outbox_set_aside!",
               (SELECT count(*) FROM rentals WHERE flagged_at IS NOT NULL) AS "rentals_flagged!",
               (SELECT count(*) FROM rentals
                WHERE status = 'PENDING' AND lease_until <= app_now()
                  AND eject_expires_at + $1 <= app_now()) AS "starts_left_to_a_person!",
               (SELECT count(*) FROM rentals
                WHERE hold_status = 'REQUESTED' AND status <> 'PENDING'
                  AND hold_expires_at + $1 <= app_now()) AS "holds_left_to_a_person!"
        "#,
        KEY_RETENTION,
    )
    .fetch_one(connection)
    .await?;
    Ok(books)
}
