//! Quotes.

use db::DbError;
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
