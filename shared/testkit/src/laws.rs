//! The laws of money, checked from outside: both databases against the provider's ledger.

use crate::world::World;
use anyhow::{Result, ensure};
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;

/// One rental in all three books. The letters are those of docs/ARCHITECTURE.md.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// In db-rental.
    pub status: String,
    /// `P`: the sum of succeeded attempts.
    pub paid: i64,
    /// `U`: the amount of the open attempt.
    pub open: i64,
    /// `D`: owed, and not in the open attempt.
    pub debt: i64,
    /// `R`: refunds owed.
    pub refunded: i64,
    /// `L`: what the provider took, holds apart.
    pub taken: i64,
    /// What the provider still holds.
    pub held: i64,
    /// How many holds the provider made.
    pub holds: i64,
    /// None until the end.
    pub total_amount: Option<i64>,
    buyout: i64,
    paid_column: i64,
    is_newest_copy: bool,
    hold_status: String,
}

impl World {
    /// What db-rental, db-billing and the provider say of a rental.
    ///
    /// # Errors
    /// When one of them does not answer, or db-rental does not know the rental.
    pub async fn books(&self, rental_id: &str) -> Result<Books> {
        let id: Uuid = rental_id.trim_start_matches("rental-").parse()?;
        let rental = sqlx::query(
            "SELECT status, total_amount, buyout, version, hold_status FROM rentals WHERE rental_id = $1",
        )
        .bind(id)
        .fetch_one(&self.databases.rental)
        .await?;
        let version: i64 = rental.try_get("version")?;
        let mut books = Books {
            status: rental.try_get("status")?,
            total_amount: rental.try_get("total_amount")?,
            buyout: rental.try_get("buyout")?,
            hold_status: rental.try_get("hold_status")?,
            ..Books::default()
        };
        let billing = sqlx::query(
            "SELECT r.version, r.paid AS paid_column,
                    coalesce((SELECT sum(amount) FROM payment_attempts a
                              WHERE a.rental_id = $1 AND a.status = 'SUCCEEDED'), 0)::bigint AS paid,
                    coalesce((SELECT sum(amount) FROM payment_attempts a
                              WHERE a.rental_id = $1 AND a.status = 'OPEN'), 0)::bigint AS open,
                    coalesce((SELECT amount FROM debts d WHERE d.rental_id = $1), 0) AS debt,
                    coalesce((SELECT sum(amount) FROM refunds f
                              WHERE f.rental_id = $1), 0)::bigint AS refunded
             FROM rentals r WHERE r.rental_id = $1",
        )
        .bind(id)
        .fetch_optional(&self.databases.billing)
        .await?;
        if let Some(row) = billing {
            books.paid = row.try_get("paid")?;
            books.paid_column = row.try_get("paid_column")?;
            books.open = row.try_get("open")?;
            books.debt = row.try_get("debt")?;
            books.refunded = row.try_get("refunded")?;
            books.is_newest_copy = row.try_get::<i64, _>("version")? == version;
        }
        let ledger = self.stub.ledger(rental_id).await?;
        let number = |field| {
            ledger
                .get(field)
                .and_then(Value::as_i64)
                .unwrap_or_default()
        };
        books.taken = number("taken");
        books.held = number("held");
        books.holds = number("holds");
        Ok(books)
    }

    /// Checks the laws that hold at any moment, on every rental there is. Returns how many.
    ///
    /// # Errors
    /// Naming the law and the rental that breaks it; also when there is no rental at all.
    pub async fn check_laws(&self) -> Result<usize> {
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT rental_id FROM rentals")
            .fetch_all(&self.databases.rental)
            .await?;
        ensure!(!ids.is_empty(), "there is no rental to check a law on");
        for id in &ids {
            let rental_id = format!("rental-{id}");
            self.books(&rental_id)
                .await?
                .check()
                .map_err(|error| error.context(format!("{rental_id} breaks a law")))?;
        }
        Ok(ids.len())
    }

    /// Runs two rounds of tick and reconcile, each past the leases, and checks that every rental's
    /// books are closed: nothing open, nothing held that is not needed, every ended rental billed
    /// to exactly its total.
    ///
    /// # Errors
    /// Naming what is still open.
    pub async fn settle_and_check(&self) -> Result<()> {
        for _ in 0..2 {
            self.advance(61).await?;
            self.tick().await?;
            self.reconcile().await?;
        }
        self.check_laws().await?;
        let waiting: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE copied_at IS NULL")
                .fetch_one(&self.databases.rental)
                .await?;
        ensure!(waiting == 0, "{waiting} transitions are not copied");
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT rental_id FROM rentals")
            .fetch_all(&self.databases.rental)
            .await?;
        for id in ids {
            let rental_id = format!("rental-{id}");
            let books = self.books(&rental_id).await?;
            ensure!(books.status != "PENDING", "{rental_id} is still PENDING");
            ensure!(
                books.open == 0,
                "{rental_id} has an open attempt: {books:?}"
            );
            if let Some(total) = books.total_amount {
                let billed = books
                    .paid
                    .saturating_add(books.debt)
                    .saturating_sub(books.refunded);
                ensure!(
                    books.is_newest_copy,
                    "{rental_id} is not told to billing: {books:?}"
                );
                ensure!(
                    billed == total,
                    "law 2, P + D - R = due, {rental_id}: {books:?}"
                );
                ensure!(
                    books.debt == 0 || books.refunded == 0,
                    "law 2, not both: {books:?}"
                );
            }
            let is_over =
                books.status == "FAILED" || (books.total_amount.is_some() && books.debt == 0);
            ensure!(
                !is_over || books.held == 0,
                "{rental_id} still holds money: {books:?}"
            );
        }
        Ok(())
    }
}

impl Books {
    fn check(&self) -> Result<()> {
        let Self {
            paid,
            open,
            debt,
            taken,
            buyout,
            ..
        } = *self;
        let sum = |values: &[i64]| values.iter().sum::<i64>();
        ensure!(
            paid == self.paid_column,
            "the running sum of what is paid is wrong: {self:?}"
        );
        ensure!(
            paid <= taken && taken <= sum(&[paid, open]),
            "law 1, P <= L <= P + U: {self:?}"
        );
        ensure!(
            sum(&[paid, open, debt]) <= buyout,
            "law 3, B <= buyout: {self:?}"
        );
        ensure!(taken <= buyout, "law 3, L <= buyout: {self:?}");
        ensure!(debt >= 0, "law 4, D >= 0: {self:?}");
        ensure!(self.holds <= 1, "law 9, at most one hold: {self:?}");
        ensure!(
            self.status != "FAILED" || sum(&[paid, open, debt, taken]) == 0,
            "a start that FAILED costs nothing: {self:?}"
        );
        ensure!(
            !(self.hold_status == "RELEASED" && self.held != 0),
            "a released hold still holds: {self:?}"
        );
        Ok(())
    }
}
