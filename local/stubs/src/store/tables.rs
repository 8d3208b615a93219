//! The tables of the data file. Rows of several fields are JSON.

use std::ops::RangeInclusive;

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::de::DeserializeOwned;

use super::StoreError;

/// User id to (balance, held).
pub(crate) const ACCOUNTS: TableDefinition<'_, &str, (i64, i64)> = TableDefinition::new("accounts");
/// Order id to its sums.
pub(crate) const ORDERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("orders");
/// (Order id, sequence number) to one movement of money.
pub(crate) const ENTRIES: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("entries");
/// Station id to how many banks stand in it.
pub(crate) const STOCK: TableDefinition<'_, &str, u64> = TableDefinition::new("stock");
/// Sequence number to one eject.
pub(crate) const EJECTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ejects");
/// Idempotency key to what was asked and answered.
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");
/// (Station id, sequence number) to the id of a bank that was returned there.
const RETURNED: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("returned");
/// Station id to the bank id that its next eject must hand out.
const FORCED: TableDefinition<'_, &str, &str> = TableDefinition::new("forced");
/// Counter's name to the last number it gave.
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");

/// All tables, open for writing in one transaction.
pub(crate) struct Tables<'txn> {
    pub(crate) accounts: Table<'txn, &'static str, (i64, i64)>,
    pub(crate) orders: Table<'txn, &'static str, &'static [u8]>,
    pub(crate) entries: Table<'txn, (&'static str, u64), &'static [u8]>,
    pub(crate) stock: Table<'txn, &'static str, u64>,
    pub(crate) ejects: Table<'txn, u64, &'static [u8]>,
    pub(crate) keys: Table<'txn, &'static str, &'static [u8]>,
    pub(crate) returned: Table<'txn, (&'static str, u64), &'static str>,
    pub(crate) forced: Table<'txn, &'static str, &'static str>,
    counters: Table<'txn, &'static str, u64>,
}

/// What is numbered, each from 1.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    PowerBank,
    Movement,
    Eject,
    Return,
}

impl<'txn> Tables<'txn> {
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            accounts: transaction.open_table(ACCOUNTS)?,
            orders: transaction.open_table(ORDERS)?,
            entries: transaction.open_table(ENTRIES)?,
            stock: transaction.open_table(STOCK)?,
            ejects: transaction.open_table(EJECTS)?,
            keys: transaction.open_table(KEYS)?,
            returned: transaction.open_table(RETURNED)?,
            forced: transaction.open_table(FORCED)?,
            counters: transaction.open_table(COUNTERS)?,
        })
    }

    pub(crate) fn next(&mut self, counter: Counter) -> Result<u64, StoreError> {
        let name = match counter {
            Counter::PowerBank => "powerbank",
            Counter::Movement => "movement",
            Counter::Eject => "eject",
            Counter::Return => "return",
        };
        let last = self.counters.get(name)?.map_or(0, |row| row.value());
        let next = last.saturating_add(1);
        self.counters.insert(name, next)?;
        Ok(next)
    }
}

/// The keys under which an order's movements stand.
pub(crate) fn entries_of_order(order_id: &str) -> RangeInclusive<(&str, u64)> {
    (order_id, 0)..=(order_id, u64::MAX)
}

pub(crate) fn json_row<T: DeserializeOwned>(row: &[u8]) -> Result<T, StoreError> {
    Ok(serde_json::from_slice(row)?)
}
