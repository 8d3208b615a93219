//! How the books stand: what waits, since when, and for whom.

use crate::interval::interval;
use chrono::TimeDelta;
use db::DbError;
use domain::PROVIDER_MEMORY;
use serde::Serialize;
use sqlx::PgConnection;

/// What stands in db-billing at one moment, whoever put it there. Amounts are whole currency
/// units, ages are by db-billing's clock and rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BillingBooks {
    /// Attempts whose outcome is not known.
    pub open_attempts: i64,
    /// Since when the oldest of them is open; none without any.
    pub oldest_open_attempt_age_sec: Option<i64>,
    /// Those of them that nobody asks about any more.
    pub attempts_left_to_a_person: i64,
    /// Debts that nobody collects any more: too old by the rules of now, or of when the last tick
    /// looked at them.
    pub debts_left_to_a_person: i64,
    /// Refunds that nobody marked as paid.
    pub refunds_owed: i64,
    /// Their sum.
    pub refunds_owed_amount: i64,
    /// Rentals that cannot be processed, and wait for an operator.
    pub rentals_set_aside: i64,
    /// How long ago the longest due rental was due, those set aside apart; 0 when none is.
    pub most_overdue_lag_sec: i64,
}

/// Reads how the books stand. Each number comes from an index of just the rows that it counts, of
/// debts from all that are owed: the cost follows from how much waits, not from how many rentals
/// there are.
///
/// # Errors
/// [`DbError`].
pub async fn books(
    connection: &mut PgConnection,
    debt_max_age: TimeDelta,
) -> Result<BillingBooks, DbError> {
    let books = sqlx::query_as!(
        BillingBooks,
        r#"
        SELECT attempts.open AS "open_attempts!",
               floor(extract(epoch FROM app_now() - attempts.oldest))::bigint
                   AS oldest_open_attempt_age_sec,
               attempts.left_to_a_person AS "attempts_left_to_a_person!",
               (SELECT count(*) FROM debts JOIN rentals USING (rental_id)
                WHERE settled_at IS NULL
                  AND (coalesce(retried_at, opened_at) <= app_now() - $2::interval
                       OR next_bill_at IS NULL AND NOT EXISTS (
                           SELECT FROM payment_attempts
                           WHERE payment_attempts.rental_id = debts.rental_id
                             AND payment_attempts.status = 'OPEN')))
                   AS "debts_left_to_a_person!",
               owed.refunds AS "refunds_owed!", owed.amount AS "refunds_owed_amount!",
               (SELECT count(*) FROM rentals WHERE set_aside_at IS NOT NULL) AS "rentals_set_aside!",
               greatest(0, floor(extract(epoch FROM app_now() - (
                   SELECT min(next_bill_at) FROM rentals
                   WHERE next_bill_at IS NOT NULL AND set_aside_at IS NULL))))::bigint
                   AS "most_overdue_lag_sec!"
        FROM (SELECT count(*) AS open, min(created_at) AS oldest,
                     count(*) FILTER (WHERE created_at <= app_now() - $1::interval)
                         AS left_to_a_person
              FROM payment_attempts WHERE status = 'OPEN') AS attempts,
             (SELECT count(*) AS refunds, coalesce(sum(amount), 0)::bigint AS amount
              FROM refunds WHERE paid_at IS NULL) AS owed
        "#,
        interval(PROVIDER_MEMORY),
        interval(debt_max_age),
    )
    .fetch_one(connection)
    .await?;
    Ok(books)
}
