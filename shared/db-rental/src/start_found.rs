//! What a start depends on, read in one round trip.

use crate::keys::{CALLER, KeyUse};
use crate::quote::Quote;
use crate::terms::{price, terms};
use db::{BadRow, DbError};
use domain::{IdempotencyKey, QuoteId};
use sqlx::PgConnection;
use uuid::Uuid;

/// A quote that is asked to start a rental, and what the request's key was used for before.
#[derive(Debug)]
pub struct StartFound {
    /// The key's use.
    pub used: Option<KeyUse>,
    /// What the quote promises; an error for a row that cannot be read.
    pub quote: Result<Quote, BadRow>,
    /// `app_now() >= expires_at` when it was read.
    pub is_expired: bool,
    /// Whether it serves a rental that did not fail.
    pub serves_a_rental: bool,
}

/// Reads all that a start depends on, without locking it; none when the quote is unknown or was
/// purged.
///
/// # Errors
/// [`DbError`].
pub async fn find_start(
    connection: &mut PgConnection,
    key: &IdempotencyKey,
    quote_id: QuoteId,
) -> Result<Option<StartFound>, DbError> {
    let Some(mut row) = sqlx::query_as!(
        Row,
        r#"
        SELECT q.user_id, q.station_id, q.tariff_id, q.price_per_hour, q.free_period_min, q.deposit,
               q.buyout, q.trusted, q.has_subscription,
               app_now() >= q.expires_at AS "is_expired!",
               EXISTS (SELECT FROM rentals r WHERE r.quote_id = q.quote_id AND r.status <> 'FAILED')
                   AS "serves_a_rental!",
               k.fingerprint AS "fingerprint?", k.rental_id AS "answered_rental_id?",
               k.status AS answered_status, k.response
        FROM quotes q
        LEFT JOIN idempotency_keys k
               ON k.caller = $1 AND k.endpoint = 'start' AND k.key = $2
              AND k.created_at > app_now() - interval '24 hours'
        WHERE q.quote_id = $3
        "#,
        CALLER,
        key.as_str(),
        quote_id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    else {
        return Ok(None);
    };
    Ok(Some(StartFound {
        used: KeyUse::read(
            row.fingerprint.take(),
            row.answered_rental_id,
            row.answered_status,
            row.response.take(),
        ),
        is_expired: row.is_expired,
        serves_a_rental: row.serves_a_rental,
        quote: row.try_into(),
    }))
}

struct Row {
    user_id: String,
    station_id: String,
    tariff_id: String,
    price_per_hour: i64,
    free_period_min: i32,
    deposit: i64,
    buyout: i64,
    trusted: bool,
    has_subscription: bool,
    is_expired: bool,
    serves_a_rental: bool,
    fingerprint: Option<String>,
    answered_rental_id: Option<Uuid>,
    answered_status: Option<i16>,
    response: Option<String>,
}

impl TryFrom<Row> for Quote {
    type Error = BadRow;

    fn try_from(row: Row) -> Result<Self, BadRow> {
        let bad = |column| move |error| BadRow::new("quotes", column, error);
        Ok(Self {
            user_id: row.user_id.try_into().map_err(bad("user_id"))?,
            station_id: row.station_id.try_into().map_err(bad("station_id"))?,
            tariff_id: row.tariff_id.try_into().map_err(bad("tariff_id"))?,
            terms: terms(
                "quotes",
                price(
                    "quotes",
                    row.price_per_hour,
                    row.free_period_min,
                    row.buyout,
                )?,
                row.deposit,
                row.trusted,
                row.has_subscription,
            )?,
        })
    }
}
