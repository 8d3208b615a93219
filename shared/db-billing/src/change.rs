//! What a tick changes in the books of a batch: a few statements, whatever the batch's size.

use crate::account::BilledRental;
use crate::due::LEASE;
use db::DbError;
use domain::{Account, Amount, AttemptKind, Moment, OpenAttempt};
use sqlx::PgConnection;
use uuid::Uuid;

/// What changes in one rental's books.
#[derive(Clone, Debug)]
pub struct Change {
    /// The rental as it was read and locked in this transaction.
    pub before: BilledRental,
    /// The books as they are to be.
    pub after: Account,
    /// Nothing is to be done before it; none when nothing ever is.
    pub next_bill_at: Option<Moment>,
    /// Under which token a worker goes on with the rental, from now on; none lets go of it.
    pub lease: Option<Uuid>,
    /// What became of the attempt that was open before.
    pub settled: Option<AttemptStatus>,
}

impl Change {
    /// A refund that this change finds owed.
    #[must_use]
    pub fn refund(&self) -> Amount {
        self.after
            .refunded
            .excess_over(self.before.account.refunded)
    }

    /// The debt that this change opens: with how much.
    #[must_use]
    pub fn debt_opened(&self) -> Option<Amount> {
        self.after
            .debt
            .filter(|_| self.before.account.debt.is_none())
            .map(|debt| debt.amount)
    }

    /// Whether nothing is owed any more, where something was.
    #[must_use]
    pub const fn debt_settled(&self) -> bool {
        self.before.account.debt.is_some() && self.after.debt.is_none()
    }

    fn id(&self) -> Uuid {
        self.before.rental_id.uuid()
    }

    fn events(&self) -> impl Iterator<Item = (&'static str, Amount)> {
        let refund = Some(self.refund()).filter(|refund| !refund.is_zero());
        [
            self.debt_opened().map(|amount| ("DEBT_OPENED", amount)),
            self.debt_settled()
                .then_some(("DEBT_SETTLED", Amount::ZERO)),
            refund.map(|amount| ("REFUND_OWED", amount)),
        ]
        .into_iter()
        .flatten()
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// The provider took the money.
    Succeeded,
    /// It refused.
    Declined,
    /// It never saw it in time, and took nothing.
    Expired,
}

impl AttemptStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Declined => "DECLINED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// Writes all `changes`, of rentals locked in this transaction, with what others are to be told of
/// them. `fresh_id` makes the ids of new rows.
///
/// # Errors
/// [`DbError`]; refused when a single one of them breaks a law.
pub async fn save(
    connection: &mut PgConnection,
    changes: &[Change],
    fresh_id: fn() -> Uuid,
) -> Result<(), DbError> {
    if changes.is_empty() {
        return Ok(());
    }
    settle_attempts(&mut *connection, changes).await?;
    insert_attempts(&mut *connection, changes).await?;
    update_rentals(&mut *connection, changes).await?;
    upsert_debts(&mut *connection, changes).await?;
    insert_refunds(&mut *connection, changes, fresh_id).await?;
    insert_events(&mut *connection, changes, fresh_id).await
}

async fn settle_attempts(connection: &mut PgConnection, changes: &[Change]) -> Result<(), DbError> {
    let settled = changes.iter().filter_map(|change| {
        let attempt = change.before.account.open?;
        let status = change.settled?.as_str().to_owned();
        Some((
            (change.id(), attempt.attempt_id),
            (status, change.before.now),
        ))
    });
    let ((rental_ids, ids), (statuses, at)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) = settled.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    // That is, OPEN; but by that word all that is open would be read, to find these among it.
    let done = sqlx::query!(
        r#"
        UPDATE payment_attempts
        SET status = s.status, settled_at = s.settled_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
             AS s (rental_id, attempt_id, status, settled_at)
        WHERE payment_attempts.rental_id = s.rental_id
          AND payment_attempts.attempt_id = s.attempt_id AND payment_attempts.settled_at IS NULL
        "#,
        &rental_ids,
        &ids,
        &statuses,
        &at,
    )
    .execute(connection)
    .await?;
    all_rows(done.rows_affected(), ids.len())
}

async fn insert_attempts(connection: &mut PgConnection, changes: &[Change]) -> Result<(), DbError> {
    let new: Vec<(Uuid, OpenAttempt)> = changes
        .iter()
        .filter(|change| change.before.account.open.is_none())
        .filter_map(|change| change.after.open.map(|attempt| (change.id(), attempt)))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let kinds = |attempt: &OpenAttempt| match attempt.kind {
        AttemptKind::Charge => ("CHARGE", None),
        AttemptKind::Collection { step } => ("COLLECTION", Some(step.units())),
    };
    sqlx::query!(
        r#"
        INSERT INTO payment_attempts (attempt_id, rental_id, kind, amount, step, created_at)
        SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[],
                             $6::timestamptz[])
        "#,
        &new.iter()
            .map(|(_, attempt)| attempt.attempt_id)
            .collect::<Vec<_>>(),
        &new.iter()
            .map(|(rental_id, _)| *rental_id)
            .collect::<Vec<_>>(),
        &new.iter()
            .map(|(_, attempt)| kinds(attempt).0.to_owned())
            .collect::<Vec<_>>(),
        &new.iter()
            .map(|(_, attempt)| attempt.amount.units())
            .collect::<Vec<_>>(),
        &new.iter()
            .map(|(_, attempt)| kinds(attempt).1)
            .collect::<Vec<_>>() as &[Option<i64>],
        &new.iter()
            .map(|(_, attempt)| attempt.created_at)
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn update_rentals(connection: &mut PgConnection, changes: &[Change]) -> Result<(), DbError> {
    let column = |value: fn(&Change) -> i64| changes.iter().map(value).collect::<Vec<_>>();
    let settled = changes
        .iter()
        .map(|change| change.after.is_settled())
        .collect::<Result<Vec<_>, _>>()?;
    let done = sqlx::query!(
        r#"
        UPDATE rentals
        SET paid = c.paid, written_off = c.written_off, refunded = c.refunded,
            next_bill_at = c.next_bill_at, awaits_grace = false, release_due = rentals.release_due OR c.is_settled,
            lease_token = c.lease,
            lease_until = CASE WHEN c.lease IS NOT NULL THEN app_now() + $8::interval END
        FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::uuid[],
                    $6::boolean[], $7::bigint[])
             AS c (rental_id, paid, refunded, next_bill_at, lease, is_settled, written_off)
        WHERE rentals.rental_id = c.rental_id
        "#,
        &changes.iter().map(Change::id).collect::<Vec<_>>(),
        &column(|change| change.after.paid.units()),
        &column(|change| change.after.refunded.units()),
        &changes
            .iter()
            .map(|change| change.next_bill_at)
            .collect::<Vec<_>>() as &[Option<Moment>],
        &changes
            .iter()
            .map(|change| change.lease)
            .collect::<Vec<_>>() as &[Option<Uuid>],
        &settled,
        &column(|change| change.after.written_off.units()),
        LEASE,
    )
    .execute(connection)
    .await?;
    all_rows(done.rows_affected(), changes.len())
}

async fn upsert_debts(connection: &mut PgConnection, changes: &[Change]) -> Result<(), DbError> {
    let changed: Vec<&Change> = changes
        .iter()
        .filter(|change| change.before.account.debt != change.after.debt)
        .collect();
    // A debt that is gone is settled: its row says when, and keeps how it went before.
    let debts: Vec<_> = changed
        .iter()
        .filter_map(|change| {
            let debt = change.after.debt.or(change.before.account.debt)?;
            let settled_at = change.after.debt.is_none().then_some(change.before.now);
            let amount = change.after.debt.map_or(Amount::ZERO, |debt| debt.amount);
            Some((*change, debt, amount, settled_at))
        })
        .collect();
    if debts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO debts (rental_id, user_id, amount, failures, opened_at, next_try_at, settled_at,
                           retried_at)
        SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bigint[], $4::int[], $5::timestamptz[],
                             $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
        ON CONFLICT (rental_id) DO UPDATE
        SET amount = excluded.amount, failures = excluded.failures,
            opened_at = excluded.opened_at, next_try_at = excluded.next_try_at,
            settled_at = excluded.settled_at, retried_at = excluded.retried_at
        "#,
        &debts
            .iter()
            .map(|(change, ..)| change.id())
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(change, ..)| change.before.user_id.to_string())
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(_, _, amount, _)| amount.units())
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(_, debt, ..)| debt.failures)
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(_, debt, ..)| debt.opened_at)
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(_, debt, ..)| debt.next_try_at)
            .collect::<Vec<_>>(),
        &debts
            .iter()
            .map(|(.., settled_at)| *settled_at)
            .collect::<Vec<_>>() as &[Option<Moment>],
        &debts
            .iter()
            .map(|(_, debt, ..)| debt.retried_at)
            .collect::<Vec<_>>() as &[Option<Moment>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_refunds(
    connection: &mut PgConnection,
    changes: &[Change],
    fresh_id: fn() -> Uuid,
) -> Result<(), DbError> {
    let refunds: Vec<_> = changes
        .iter()
        .filter(|change| !change.refund().is_zero())
        .collect();
    if refunds.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO refunds (refund_id, rental_id, amount, owed_at)
        SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[])
        "#,
        &refunds.iter().map(|_| fresh_id()).collect::<Vec<_>>(),
        &refunds.iter().map(|change| change.id()).collect::<Vec<_>>(),
        &refunds
            .iter()
            .map(|change| change.refund().units())
            .collect::<Vec<_>>(),
        &refunds
            .iter()
            .map(|change| change.before.now)
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_events(
    connection: &mut PgConnection,
    changes: &[Change],
    fresh_id: fn() -> Uuid,
) -> Result<(), DbError> {
    let events: Vec<_> = changes
        .iter()
        .flat_map(|change| {
            change
                .events()
                .map(|(kind, amount)| (change.id(), kind, amount))
        })
        .collect();
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO outbox (event_id, rental_id, kind, amount)
        SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])
        "#,
        &events.iter().map(|_| fresh_id()).collect::<Vec<_>>(),
        &events
            .iter()
            .map(|(rental_id, ..)| *rental_id)
            .collect::<Vec<_>>(),
        &events
            .iter()
            .map(|(_, kind, _)| (*kind).to_owned())
            .collect::<Vec<_>>(),
        &events
            .iter()
            .map(|(.., amount)| amount.units())
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Demands that a set-based write changed every one of its rows.
fn all_rows(rows_affected: u64, expected: usize) -> Result<(), DbError> {
    if u64::try_from(expected).is_ok_and(|expected| expected == rows_affected) {
        return Ok(());
    }
    Err(DbError::Defect(format!(
        "{rows_affected} rows written instead of {expected}"
    )))
}
