//! What waits in db-rental for a person to say what happened.

use crate::rental::KEY_RETENTION;
use db::DbError;
use domain::{Moment, RentalId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// What waits in db-rental, each list oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct RentalWorklist {
    /// Rentals whose power bank was given to somebody else: when did they end?
    pub flagged: Vec<WaitingFlag>,
    /// Starts that stayed unknown: did a power bank leave the station?
    pub starts: Vec<WaitingStart>,
    /// Holds that stayed unknown: does the provider hold the deposit?
    pub holds: Vec<WaitingHold>,
    /// Outbox rows that their consumer refuses: what is wrong with them?
    pub outbox_set_aside: Vec<WaitingTransition>,
}

/// A flagged rental.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingFlag {
    /// Which rental.
    pub rental_id: RentalId,
    /// Since when it is flagged.
    pub flagged_at: Moment,
    /// Why.
    pub flag_reason: Option<String>,
    /// ACTIVE, or how it ended meanwhile.
    pub status: String,
}

/// A start whose eject is unknown.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingStart {
    /// Which rental.
    pub rental_id: RentalId,
    /// Who would have the power bank.
    pub user_id: String,
    /// Which station knows.
    pub station_id: String,
    /// Under which key it was asked.
    pub eject_id: Option<Uuid>,
    /// When the start was begun.
    pub created_at: Moment,
}

/// A hold that is unknown.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingHold {
    /// Which rental; the provider's `order_id`.
    pub rental_id: RentalId,
    /// Whose money it is.
    pub user_id: String,
    /// How much, in whole currency units.
    pub deposit: i64,
    /// Under which key the provider was asked.
    pub hold_id: Option<Uuid>,
    /// When the start was begun.
    pub created_at: Moment,
}

/// An outbox row that is set aside.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingTransition {
    /// Names the row.
    pub event_id: Uuid,
    /// Whose transition it is.
    pub rental_id: RentalId,
    /// When it happened.
    pub created_at: Moment,
    /// Why billing refuses it.
    pub copy_error: Option<String>,
    /// Why the station refuses it.
    pub return_error: Option<String>,
}

/// Reads what waits for a person, `limit` of each kind at most.
///
/// # Errors
/// [`DbError`].
pub async fn worklist(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<RentalWorklist, DbError> {
    Ok(RentalWorklist {
        flagged: flagged(&mut *connection, limit).await?,
        starts: starts(&mut *connection, limit).await?,
        holds: holds(&mut *connection, limit).await?,
        outbox_set_aside: outbox_set_aside(&mut *connection, limit).await?,
    })
}

async fn flagged(connection: &mut PgConnection, limit: i64) -> Result<Vec<WaitingFlag>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, flagged_at AS "flagged_at!", flag_reason, status
        FROM rentals
        WHERE flagged_at IS NOT NULL
        ORDER BY flagged_at
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingFlag {
            rental_id: RentalId::new(row.rental_id),
            flagged_at: row.flagged_at,
            flag_reason: row.flag_reason,
            status: row.status,
        })
        .collect())
}

async fn starts(connection: &mut PgConnection, limit: i64) -> Result<Vec<WaitingStart>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, user_id, station_id, eject_id, created_at
        FROM rentals
        WHERE status = 'PENDING' AND lease_until <= app_now()
          AND eject_expires_at + $1 <= app_now()
        ORDER BY created_at
        LIMIT $2
        "#,
        KEY_RETENTION,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingStart {
            rental_id: RentalId::new(row.rental_id),
            user_id: row.user_id,
            station_id: row.station_id,
            eject_id: row.eject_id,
            created_at: row.created_at,
        })
        .collect())
}

async fn holds(connection: &mut PgConnection, limit: i64) -> Result<Vec<WaitingHold>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT rental_id, user_id, deposit, hold_id, created_at
        FROM rentals
        WHERE hold_status = 'REQUESTED' AND status <> 'PENDING'
          AND hold_expires_at + $1 <= app_now()
        ORDER BY created_at
        LIMIT $2
        "#,
        KEY_RETENTION,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingHold {
            rental_id: RentalId::new(row.rental_id),
            user_id: row.user_id,
            deposit: row.deposit,
            hold_id: row.hold_id,
            created_at: row.created_at,
        })
        .collect())
}

async fn outbox_set_aside(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<WaitingTransition>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT event_id, rental_id, created_at, copy_error, return_error
        FROM outbox
        WHERE copy_error IS NOT NULL OR return_error IS NOT NULL
        ORDER BY position
        LIMIT $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingTransition {
            event_id: row.event_id,
            rental_id: RentalId::new(row.rental_id),
            created_at: row.created_at,
            copy_error: row.copy_error,
            return_error: row.return_error,
        })
        .collect())
}
