//! Accounts, orders and the movements between them, as rows.

use std::ops::Bound;

use axum::http::StatusCode;
use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::money::{Account, Moved, Refusal, Step, Sums};
use crate::endpoint::Endpoint;
use crate::reply::Reply;
use crate::store::{
    ACCOUNTS, Counter, ENTRIES, ORDERS, StoreError, Tables, entries_of_order, json_row,
};

/// An order's row. It belongs to the user whom its first call named.
#[derive(Serialize, Deserialize)]
struct OrderRow {
    user_id: String,
    #[serde(flatten)]
    sums: Sums,
}

/// One movement, as `/admin/ledger` shows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    seq: u64,
    at: String,
    kind: String,
    key: Option<String>,
    #[serde(flatten)]
    moved: Moved,
}

/// An order, as `/admin/ledger` shows it; one never heard of has no user.
#[derive(Serialize)]
pub(crate) struct OrderView {
    order_id: String,
    user_id: Option<String>,
    #[serde(flatten)]
    sums: Sums,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry>>,
}

pub(super) fn apply(
    tables: &mut Tables<'_>,
    at: String,
    key: Option<&str>,
    user_id: &str,
    order_id: &str,
    step: Step,
) -> Result<Reply, StoreError> {
    let account = account_in(&tables.accounts, user_id)?;
    let order = order_in(&tables.orders, order_id)?;
    if order.as_ref().is_some_and(|order| order.user_id != user_id) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(refused(status, "The order belongs to another user"));
    }
    let sums = order.map(|order| order.sums).unwrap_or_default();
    let (account, sums, moved) = match step.apply(account, sums) {
        Ok(after) => after,
        Err(Refusal::InsufficientFunds) => {
            return Ok(refused(StatusCode::BAD_REQUEST, "Insufficient funds"));
        }
        Err(Refusal::OutOfRange) => {
            return Ok(refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The amount is out of range",
            ));
        }
    };

    tables
        .accounts
        .insert(user_id, (account.balance, account.held))?;
    let order = OrderRow {
        user_id: user_id.to_owned(),
        sums,
    };
    tables
        .orders
        .insert(order_id, serde_json::to_vec(&order)?.as_slice())?;
    let entry = Entry {
        seq: tables.next(Counter::Movement)?,
        at,
        kind: step.kind().to_owned(),
        key: key.map(str::to_owned),
        moved,
    };
    let row = serde_json::to_vec(&entry)?;
    tables
        .entries
        .insert((order_id, entry.seq), row.as_slice())?;
    Ok(Reply::ok(&json!({ "status": "success" })))
}

/// Holds, clears and releases are refused in one shape.
fn refused(status: StatusCode, message: &str) -> Reply {
    Endpoint::ClearMoneyForOrder.error(status, message)
}

pub(crate) fn account(read: &ReadTransaction, user_id: &str) -> Result<Account, StoreError> {
    account_in(&read.open_table(ACCOUNTS)?, user_id)
}

/// Leaves what is on hold as it is.
pub(crate) fn set_balance(
    tables: &mut Tables<'_>,
    user_id: &str,
    balance: i64,
) -> Result<Account, StoreError> {
    let account = Account {
        balance,
        ..account_in(&tables.accounts, user_id)?
    };
    tables
        .accounts
        .insert(user_id, (account.balance, account.held))?;
    Ok(account)
}

pub(crate) fn order(read: &ReadTransaction, order_id: &str) -> Result<OrderView, StoreError> {
    let order = order_in(&read.open_table(ORDERS)?, order_id)?;
    let (user_id, sums) = order.map(|order| (order.user_id, order.sums)).unzip();
    Ok(OrderView {
        order_id: order_id.to_owned(),
        user_id,
        sums: sums.unwrap_or_default(),
        entries: Some(entries(read, order_id)?),
    })
}

/// Up to `limit` orders in the order of their ids, after that of `after`; with their entries, or
/// without.
pub(crate) fn orders(
    read: &ReadTransaction,
    after: Option<&str>,
    limit: usize,
    with_entries: bool,
) -> Result<Vec<OrderView>, StoreError> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut orders = Vec::new();
    let table = read.open_table(ORDERS)?;
    for row in table.range::<&str>((from, Bound::Unbounded))?.take(limit) {
        let (order_id, order) = row?;
        let order: OrderRow = json_row(order.value())?;
        let entries = with_entries.then(|| entries(read, order_id.value()));
        orders.push(OrderView {
            order_id: order_id.value().to_owned(),
            user_id: Some(order.user_id),
            sums: order.sums,
            entries: entries.transpose()?,
        });
    }
    Ok(orders)
}

fn entries(read: &ReadTransaction, order_id: &str) -> Result<Vec<Entry>, StoreError> {
    let table = read.open_table(ENTRIES)?;
    let mut entries = Vec::new();
    for row in table.range(entries_of_order(order_id))? {
        entries.push(json_row(row?.1.value())?);
    }
    Ok(entries)
}

fn account_in(
    accounts: &impl ReadableTable<&'static str, (i64, i64)>,
    user_id: &str,
) -> Result<Account, StoreError> {
    let row = accounts.get(user_id)?.map(|row| row.value());
    Ok(
        row.map_or_else(Account::default, |(balance, held)| Account {
            balance,
            held,
        }),
    )
}

fn order_in(
    orders: &impl ReadableTable<&'static str, &'static [u8]>,
    order_id: &str,
) -> Result<Option<OrderRow>, StoreError> {
    let row = orders.get(order_id)?;
    row.map(|row| json_row(row.value())).transpose()
}
