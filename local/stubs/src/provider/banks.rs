//! Power banks: how many stand in each station, and which one comes out next.
//!
//! A bank that nobody has had yet has no id; it gets the next one of a counter
//! when it is ejected. A returned one keeps its id and comes out first.

use std::ops::Bound;

use axum::http::StatusCode;
use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::reply::Reply;
use crate::store::{Counter, EJECTS, STOCK, StoreError, Tables, json_row};

/// One eject, as `/admin/ejects` shows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct EjectEntry {
    seq: u64,
    at: String,
    key: Option<String>,
    station_id: String,
    powerbank_id: String,
}

pub(super) fn eject(
    tables: &mut Tables<'_>,
    at: String,
    key: Option<&str>,
    station_id: &str,
) -> Result<Reply, StoreError> {
    let refused = |status, message| Ok(Endpoint::EjectPowerbank.error(status, message));
    let Some(available) = stock_in(&tables.stock, station_id)? else {
        return refused(StatusCode::NOT_FOUND, "Station not found");
    };
    let Some(left) = available.checked_sub(1) else {
        return refused(StatusCode::OK, "No power banks available");
    };

    tables.stock.insert(station_id, left)?;
    let powerbank_id = next_bank(tables, station_id)?;
    let entry = EjectEntry {
        seq: tables.next(Counter::Eject)?,
        at,
        key: key.map(str::to_owned),
        station_id: station_id.to_owned(),
        powerbank_id,
    };
    let row = serde_json::to_vec(&entry)?;
    tables.ejects.insert(entry.seq, row.as_slice())?;
    Ok(Reply::ok(
        &json!({ "success": true, "powerbank_id": entry.powerbank_id }),
    ))
}

/// A forced id, else a returned bank (first in, first out), else a new one.
fn next_bank(tables: &mut Tables<'_>, station_id: &str) -> Result<String, StoreError> {
    if let Some(forced) = tables.forced.remove(station_id)? {
        return Ok(forced.value().to_owned());
    }
    let here = (station_id, 0)..=(station_id, u64::MAX);
    let first = tables
        .returned
        .range(here)?
        .next()
        .transpose()?
        .map(|(place, _)| place.value().1);
    if let Some(seq) = first
        && let Some(returned) = tables.returned.remove((station_id, seq))?
    {
        return Ok(returned.value().to_owned());
    }
    Ok(format!("pb-{:03}", tables.next(Counter::PowerBank)?))
}

pub(super) fn take_back(
    tables: &mut Tables<'_>,
    station_id: &str,
    powerbank_id: &str,
) -> Result<Reply, StoreError> {
    let Some(available) = stock_in(&tables.stock, station_id)? else {
        return Ok(Endpoint::ReturnPowerbank.error(StatusCode::NOT_FOUND, "Station not found"));
    };
    tables
        .stock
        .insert(station_id, available.saturating_add(1))?;
    let seq = tables.next(Counter::Return)?;
    tables.returned.insert((station_id, seq), powerbank_id)?;
    Ok(Reply::ok(&json!({ "status": "success" })))
}

pub(crate) fn set_stock(
    tables: &mut Tables<'_>,
    station_id: &str,
    available: u64,
) -> Result<(), StoreError> {
    tables.stock.insert(station_id, available)?;
    Ok(())
}

pub(crate) fn force_next_bank(
    tables: &mut Tables<'_>,
    station_id: &str,
    powerbank_id: &str,
) -> Result<(), StoreError> {
    tables.forced.insert(station_id, powerbank_id)?;
    Ok(())
}

/// How many banks stand in the station; none for a station without a row.
pub(crate) fn stock(read: &ReadTransaction, station_id: &str) -> Result<u64, StoreError> {
    Ok(stock_in(&read.open_table(STOCK)?, station_id)?.unwrap_or(0))
}

/// Up to `limit` ejects, oldest first, after the number `after`; all, or those under one key.
pub(crate) fn ejects(
    read: &ReadTransaction,
    key: Option<&str>,
    after: u64,
    limit: usize,
) -> Result<Vec<EjectEntry>, StoreError> {
    let mut ejects = Vec::new();
    let table = read.open_table(EJECTS)?;
    for row in table.range((Bound::Excluded(after), Bound::Unbounded))? {
        if ejects.len() >= limit {
            break;
        }
        let entry: EjectEntry = json_row(row?.1.value())?;
        if key.is_none() || key == entry.key.as_deref() {
            ejects.push(entry);
        }
    }
    Ok(ejects)
}

fn stock_in(
    stock: &impl ReadableTable<&'static str, u64>,
    station_id: &str,
) -> Result<Option<u64>, StoreError> {
    Ok(stock.get(station_id)?.map(|row| row.value()))
}
