//! What the provider does when it is asked to change something. All of it runs
//! inside the writer's transaction: the effect and the memory of the key that
//! asked for it are on disk together, or not at all.

mod banks;
mod ledger;
mod money;

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

pub(crate) use self::banks::{ejects, force_next_bank, set_stock, stock};
pub(crate) use self::ledger::{account, order, orders, set_balance};
pub(crate) use self::money::Account;
use self::money::Step;
use crate::command::{Command, Envelope};
use crate::reply::Reply;
use crate::store::{StoreError, Tables, json_row};

/// What a key was used for, and what came of it.
#[derive(Serialize, Deserialize)]
struct Remembered {
    fingerprint: String,
    reply: Reply,
}

/// Acts once per key, and never for the first time once the request expired. One that `refuses`
/// does nothing, and remembers that it refused.
pub(crate) fn perform(
    tables: &mut Tables<'_>,
    now: DateTime<Utc>,
    envelope: &Envelope,
    command: &Command,
    refuses: bool,
) -> Result<Reply, StoreError> {
    let fingerprint = serde_json::to_string(command)?;
    let key = envelope.key.as_deref();
    if let Some(remembered) = key.map(|key| recall(tables, key)).transpose()?.flatten() {
        return Ok(if remembered.fingerprint == fingerprint {
            remembered.reply
        } else {
            let message = "Idempotency-Key was used for another request";
            command
                .endpoint()
                .error(StatusCode::UNPROCESSABLE_ENTITY, message)
        });
    }
    if envelope
        .expires_at
        .is_some_and(|expires_at| now >= expires_at)
    {
        // Not remembered: nothing happened, and asking again gets the same.
        return Ok(command
            .endpoint()
            .error(StatusCode::GONE, "Request expired"));
    }
    let reply = if refuses {
        command.endpoint().refusal()
    } else {
        act(tables, now, key, command)?
    };
    if let Some(key) = key {
        let row = serde_json::to_vec(&Remembered {
            fingerprint,
            reply: reply.clone(),
        })?;
        tables.keys.insert(key, row.as_slice())?;
    }
    Ok(reply)
}

fn recall(tables: &Tables<'_>, key: &str) -> Result<Option<Remembered>, StoreError> {
    let row = tables.keys.get(key)?;
    row.map(|row| json_row(row.value())).transpose()
}

fn act(
    tables: &mut Tables<'_>,
    now: DateTime<Utc>,
    key: Option<&str>,
    command: &Command,
) -> Result<Reply, StoreError> {
    let at = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    match command {
        Command::Eject(eject) => banks::eject(tables, at, key, &eject.station_id),
        Command::Return(back) => banks::take_back(tables, &back.station_id, &back.powerbank_id),
        Command::Hold(hold) => {
            let step = Step::Hold(hold.amount);
            ledger::apply(tables, at, key, &hold.user_id, &hold.order_id, step)
        }
        Command::Clear(clear) => {
            let step = Step::Clear(clear.amount);
            ledger::apply(tables, at, key, &clear.user_id, &clear.order_id, step)
        }
        Command::Release(release) => {
            let step = Step::Release;
            ledger::apply(tables, at, key, &release.user_id, &release.order_id, step)
        }
    }
}
