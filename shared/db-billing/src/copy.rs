//! Billing's copy of the rentals.

use crate::settled::tell_of_settled;
use db::DbError;
use domain::{Amount, Moment, RentalEvent, RentalId};
use sqlx::PgConnection;

/// A started rental, ready to be copied.
#[derive(Clone, Debug)]
pub struct RentalCopy {
    event: RentalEvent,
    started_at: Moment,
    /// Nothing is due before it, as long as the rental runs.
    first_due_at: Option<Moment>,
}

impl RentalCopy {
    /// What billing keeps of a transition; none for a start that FAILED, which costs nothing.
    ///
    /// # Errors
    /// [`DbError::Refused`] for terms that no quote can have frozen.
    pub fn of(event: RentalEvent) -> Result<Option<Self>, DbError> {
        let running = event.running()?;
        Ok(running.map(|running| Self {
            first_due_at: running.moment_due(Amount::ONE),
            started_at: running.started_at,
            event,
        }))
    }

    /// Whether it may close the rental's books at once, which takes a second statement.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.event.finished_at.is_some()
    }
}

/// Tells billing of transitions: a newer version replaces an older one, never the other way. All
/// of them, or with one refused, none. Repeating it changes nothing. An end up to which all is
/// billed already closes the books at once; with one among them it needs a transaction around it.
///
/// # Errors
/// [`DbError`].
pub async fn upsert_copies(
    connection: &mut PgConnection,
    copies: &[RentalCopy],
) -> Result<(), DbError> {
    let text = |value: fn(&RentalEvent) -> String| {
        copies
            .iter()
            .map(|copy| value(&copy.event))
            .collect::<Vec<_>>()
    };
    let units = |value: fn(&RentalEvent) -> i64| {
        copies
            .iter()
            .map(|copy| value(&copy.event))
            .collect::<Vec<_>>()
    };
    let changed = sqlx::query_scalar!(
        r#"
        INSERT INTO rentals (rental_id, version, user_id, status, price_per_hour, free_period_min,
                             buyout, started_at, finished_at, total_amount, next_bill_at,
                             awaits_grace)
        SELECT DISTINCT ON (rental_id) rental_id, version, user_id, status, price_per_hour,
               free_period_min, buyout, started_at, finished_at, total_amount,
               -- An end is looked at as soon as this database's own clock allows.
               CASE WHEN finished_at IS NULL THEN first_due_at ELSE app_now() END,
               -- The grace is a setting of the tick, which adds it itself.
               finished_at IS NULL
        FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::int[],
                    $7::bigint[], $8::timestamptz[], $9::timestamptz[], $10::bigint[],
                    $11::timestamptz[])
             AS c (rental_id, version, user_id, status, price_per_hour, free_period_min,
                   buyout, started_at, finished_at, total_amount, first_due_at)
        ORDER BY rental_id, version DESC
        ON CONFLICT (rental_id) DO UPDATE
        SET version = excluded.version, status = excluded.status,
            finished_at = excluded.finished_at, total_amount = excluded.total_amount,
            next_bill_at = least(rentals.next_bill_at, excluded.next_bill_at),
            awaits_grace = rentals.awaits_grace AND excluded.awaits_grace
        WHERE rentals.version < excluded.version
        RETURNING rental_id
        "#,
        &copies
            .iter()
            .map(|copy| copy.event.rental_id.uuid())
            .collect::<Vec<_>>(),
        &units(|event| event.version),
        &text(|event| event.user_id.to_string()),
        &text(|event| event.status.to_string()),
        &units(|event| event.price_per_hour.units()),
        &copies
            .iter()
            .map(|copy| copy.event.free_period_min)
            .collect::<Vec<_>>(),
        &units(|event| event.buyout.units()),
        &copies
            .iter()
            .map(|copy| copy.started_at)
            .collect::<Vec<_>>(),
        &copies
            .iter()
            .map(|copy| copy.event.finished_at)
            .collect::<Vec<_>>() as &[Option<Moment>],
        &copies
            .iter()
            .map(|copy| copy.event.total_amount.map(Amount::units))
            .collect::<Vec<_>>() as &[Option<i64>],
        &copies
            .iter()
            .map(|copy| copy.first_due_at)
            .collect::<Vec<_>>() as &[Option<Moment>],
    )
    .fetch_all(&mut *connection)
    .await?;
    let ended: Vec<RentalId> = copies
        .iter()
        .filter(|copy| copy.is_ended())
        .map(|copy| copy.event.rental_id)
        .filter(|rental_id| changed.contains(&rental_id.uuid()))
        .collect();
    tell_of_settled(connection, &ended).await
}
