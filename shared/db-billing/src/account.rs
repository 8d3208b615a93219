//! The books of rentals, as they stand in the tables.

use crate::due::Leased;
use chrono::{DateTime, Utc};
use db::{BadRow, DbError};
use domain::{
    Account, Amount, AttemptKind, Debt, Moment, OpenAttempt, Price, RentalId, Running, UserId,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// A rental's books, locked in this transaction.
#[derive(Clone, Debug)]
pub struct BilledRental {
    /// Also the provider's `order_id`.
    pub rental_id: RentalId,
    /// Who pays.
    pub user_id: UserId,
    /// The books.
    pub account: Account,
    /// Whether a tick works on it.
    pub is_leased: bool,
    /// When a tick comes to it: if none ever does and something is owed, only a person can go on.
    pub next_bill_at: Option<Moment>,
    /// The database's time when they were read.
    pub now: Moment,
}

/// Reads and locks the books of those of the rentals whose lease still stands. Nobody else writes
/// the attempts and debts of a leased rental, so that they are as new as their rental.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn lock_leased(
    connection: &mut PgConnection,
    leased: &Leased,
) -> Result<Vec<BilledRental>, DbError> {
    lock(connection, &leased.rental_ids, Some(leased.token)).await
}

/// Reads the books of rentals that are locked in this transaction, by a statement before this one:
/// their attempts and debts are then read as they stand after any transaction that held them.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn read_locked(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
) -> Result<Vec<BilledRental>, DbError> {
    lock(connection, rental_ids, None).await
}

/// Reads and locks the books of one rental, whoever works on it.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn lock_rental_account(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Option<BilledRental>, DbError> {
    sqlx::query!(
        "SELECT rental_id FROM rentals WHERE rental_id = $1 FOR UPDATE",
        rental_id.uuid()
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(read_locked(connection, &[rental_id]).await?.pop())
}

async fn lock(
    connection: &mut PgConnection,
    rental_ids: &[RentalId],
    token: Option<Uuid>,
) -> Result<Vec<BilledRental>, DbError> {
    let ids: Vec<Uuid> = rental_ids.iter().map(|id| id.uuid()).collect();
    // Limits, so that both are looked up rental by rental. There is never a second one; but a plan
    // that was made while next to nothing was open or owed would read all that is, for each rental,
    // and be kept when an outage has left thousands open.
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT r.rental_id, r.user_id, r.price_per_hour, r.free_period_min, r.buyout,
               r.started_at, r.finished_at, r.paid, r.written_off, r.refunded,
               a.attempt_id AS "attempt_id?", a.kind AS "kind?", a.amount AS "attempt_amount?",
               a.step, a.created_at AS "created_at?",
               d.amount AS "debt_amount?", d.failures AS "failures?", d.opened_at AS "opened_at?",
               d.retried_at,
               d.next_try_at AS "next_try_at?",
               coalesce(r.lease_until > app_now(), false) AS "is_leased!",
               r.next_bill_at, app_now() AS "now!"
        FROM rentals r
        LEFT JOIN LATERAL (
            SELECT * FROM payment_attempts a
            WHERE a.rental_id = r.rental_id AND a.status = 'OPEN' LIMIT 1) a ON true
        LEFT JOIN LATERAL (
            SELECT * FROM debts d WHERE d.rental_id = r.rental_id LIMIT 1) d ON d.settled_at IS NULL
        WHERE r.rental_id = ANY($1) AND ($2::uuid IS NULL OR r.lease_token = $2)
        ORDER BY r.rental_id
        FOR UPDATE OF r
        "#,
        &ids,
        token,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| Ok(BilledRental::try_from(row)?))
        .collect()
}

struct Row {
    rental_id: Uuid,
    user_id: String,
    price_per_hour: i64,
    free_period_min: i32,
    buyout: i64,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    paid: i64,
    written_off: i64,
    refunded: i64,
    attempt_id: Option<Uuid>,
    kind: Option<String>,
    attempt_amount: Option<i64>,
    step: Option<i64>,
    created_at: Option<DateTime<Utc>>,
    debt_amount: Option<i64>,
    failures: Option<i32>,
    opened_at: Option<DateTime<Utc>>,
    retried_at: Option<DateTime<Utc>>,
    next_try_at: Option<DateTime<Utc>>,
    is_leased: bool,
    next_bill_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

impl TryFrom<Row> for BilledRental {
    type Error = BadRow;

    fn try_from(row: Row) -> Result<Self, BadRow> {
        let price = Price::new(
            amount("rentals", "price_per_hour", row.price_per_hour)?,
            row.free_period_min,
            amount("rentals", "buyout", row.buyout)?,
        )
        .map_err(|error| BadRow::new("rentals", "buyout", error))?;
        Ok(Self {
            account: Account {
                running: Running {
                    started_at: row.started_at,
                    price,
                },
                finished_at: row.finished_at,
                paid: amount("rentals", "paid", row.paid)?,
                open: row.open_attempt()?,
                debt: row.debt()?,
                written_off: amount("rentals", "written_off", row.written_off)?,
                refunded: amount("rentals", "refunded", row.refunded)?,
            },
            rental_id: RentalId::new(row.rental_id),
            user_id: UserId::try_from(row.user_id)
                .map_err(|error| BadRow::new("rentals", "user_id", error))?,
            is_leased: row.is_leased,
            next_bill_at: row.next_bill_at,
            now: row.now,
        })
    }
}

impl Row {
    fn open_attempt(&self) -> Result<Option<OpenAttempt>, BadRow> {
        let Some(attempt_id) = self.attempt_id else {
            return Ok(None);
        };
        let step = || {
            amount(
                "payment_attempts",
                "step",
                there("payment_attempts", "step", self.step)?,
            )
        };
        Ok(Some(OpenAttempt {
            attempt_id,
            kind: match self.kind.as_deref() {
                Some("CHARGE") => AttemptKind::Charge,
                Some("COLLECTION") => AttemptKind::Collection { step: step()? },
                other => {
                    return Err(BadRow::new(
                        "payment_attempts",
                        "kind",
                        format!("{other:?}"),
                    ));
                }
            },
            amount: amount(
                "payment_attempts",
                "amount",
                there("payment_attempts", "amount", self.attempt_amount)?,
            )?,
            created_at: there("payment_attempts", "created_at", self.created_at)?,
        }))
    }

    fn debt(&self) -> Result<Option<Debt>, BadRow> {
        let Some(owed) = self.debt_amount else {
            return Ok(None);
        };
        Ok(Some(Debt {
            amount: amount("debts", "amount", owed)?,
            failures: self.failures.unwrap_or_default(),
            opened_at: there("debts", "opened_at", self.opened_at)?,
            retried_at: self.retried_at,
            next_try_at: there("debts", "next_try_at", self.next_try_at)?,
        }))
    }
}

fn amount(table: &'static str, column: &'static str, units: i64) -> Result<Amount, BadRow> {
    Amount::new(units).map_err(|error| BadRow::new(table, column, error))
}

fn there<T>(table: &'static str, column: &'static str, value: Option<T>) -> Result<T, BadRow> {
    value.ok_or_else(|| BadRow::new(table, column, "it is NULL"))
}
