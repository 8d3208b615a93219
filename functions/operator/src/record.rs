//! The record of a command, written in the transaction of its effect.

use crate::{Command, CommandError};
use db::{Connection, DbError};
use domain::RentalId;
use uuid::Uuid;

/// A transaction's result: refused by a rule, with nothing written, or done.
pub(crate) type Ruled<T> = Result<Result<T, String>, DbError>;

/// A command as it is kept.
pub(crate) struct Record<'a> {
    action_id: Uuid,
    operator: &'a str,
    command: serde_json::Value,
}

pub(crate) fn record<'a>(operator: &'a str, command: &Command) -> Result<Record<'a>, CommandError> {
    if operator.trim().is_empty() {
        return Err(CommandError::Refused(
            "Say who gives the command: \"operator\"".to_owned(),
        ));
    }
    let command = serde_json::to_value(command)
        .map_err(|error| DbError::Defect(format!("a command does not serialize: {error}")))?;
    Ok(Record {
        action_id: runtime::fresh_id(),
        operator,
        command,
    })
}

impl Record<'_> {
    pub(crate) async fn in_rentals(
        &self,
        connection: &mut Connection,
        rental_id: RentalId,
    ) -> Result<(), DbError> {
        let Self {
            action_id,
            operator,
            command,
        } = self;
        db_rental::record_operator_action(connection, *action_id, rental_id, operator, command)
            .await
    }

    pub(crate) async fn in_billing(
        &self,
        connection: &mut Connection,
        rental_id: RentalId,
    ) -> Result<(), DbError> {
        let Self {
            action_id,
            operator,
            command,
        } = self;
        db_billing::record_operator_action(connection, *action_id, rental_id, operator, command)
            .await
    }
}
