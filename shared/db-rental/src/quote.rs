//! Quotes.

use crate::terms::{price, terms};
use chrono::{DateTime, Utc};
use db::{BadRow, DbError};
use domain::{QuoteId, StationId, TariffId, Terms, UserId};
use sqlx::PgConnection;
use std::time::Duration;

/// A quote's content: who asked, where, and the terms that it freezes.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Who asked.
    pub user_id: UserId,
    /// Where the power bank would be ejected.
    pub station_id: StationId,
    /// Where the price comes from.
    pub tariff_id: TariffId,
    /// What a rental by this quote costs.
    pub terms: Terms,
}

/// A quote to be stored.
#[derive(Clone, Debug)]
pub struct NewQuote {
    /// A fresh id.
    pub quote_id: QuoteId,
    /// What it promises.
    pub quote: Quote,
    /// How long it can be used.
    pub lifetime: Duration,
}

/// A quote as it was stored, and whether its time is over.
#[derive(Clone, Debug)]
pub struct StoredQuote {
    /// What it promises.
    pub quote: Quote,
    /// `app_now() >= expires_at`, in this transaction.
    pub is_expired: bool,
}

/// Stores a quote; its time begins now. Repeating it changes nothing.
///
/// # Errors
/// [`DbError`].
pub async fn insert_quote(connection: &mut PgConnection, new: &NewQuote) -> Result<(), DbError> {
    let Quote {
        user_id,
        station_id,
        tariff_id,
        terms,
    } = &new.quote;
    sqlx::query!(
        r#"
        INSERT INTO quotes (quote_id, user_id, station_id, tariff_id, price_per_hour,
                            free_period_min, deposit, buyout, trusted, has_subscription, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, app_now() + make_interval(secs => $11))
        ON CONFLICT (quote_id) DO NOTHING
        "#,
        new.quote_id.uuid(),
        user_id.as_str(),
        station_id.as_str(),
        tariff_id.as_str(),
        terms.price.price_per_hour().units(),
        terms.price.free_period_min(),
        terms.deposit.units(),
        terms.price.buyout().units(),
        terms.trusted,
        terms.has_subscription,
        new.lifetime.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads a quote, used or not; none when it is unknown or was purged.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn find_quote(
    connection: &mut PgConnection,
    quote_id: QuoteId,
) -> Result<Option<StoredQuote>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT user_id, station_id, tariff_id, price_per_hour, free_period_min, deposit, buyout,
               trusted, has_subscription, expires_at, app_now() AS "now!"
        FROM quotes
        WHERE quote_id = $1
        "#,
        quote_id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(StoredQuote::try_from).transpose()?)
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
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl TryFrom<Row> for StoredQuote {
    type Error = BadRow;

    fn try_from(row: Row) -> Result<Self, BadRow> {
        let bad = |column| move |error| BadRow::new("quotes", column, error);
        Ok(Self {
            is_expired: row.now >= row.expires_at,
            quote: Quote {
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
            },
        })
    }
}
