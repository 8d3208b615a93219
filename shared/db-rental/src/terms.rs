//! Terms, out of the columns that quotes and rentals share.

use db::BadRow;
use domain::{Amount, Price, Terms};

pub(crate) fn price(
    table: &'static str,
    price_per_hour: i64,
    free_period_min: i32,
    buyout: i64,
) -> Result<Price, BadRow> {
    let price_per_hour = amount(table, "price_per_hour", price_per_hour)?;
    let buyout = amount(table, "buyout", buyout)?;
    Price::new(price_per_hour, free_period_min, buyout)
        .map_err(|error| BadRow::new(table, "free_period_min or buyout", error))
}

pub(crate) fn terms(
    table: &'static str,
    price: Price,
    deposit: i64,
    trusted: bool,
    has_subscription: bool,
) -> Result<Terms, BadRow> {
    let deposit = amount(table, "deposit", deposit)?;
    Ok(Terms {
        price,
        deposit,
        trusted,
        has_subscription,
    })
}

fn amount(table: &'static str, column: &'static str, units: i64) -> Result<Amount, BadRow> {
    Amount::new(units).map_err(|error| BadRow::new(table, column, error))
}
