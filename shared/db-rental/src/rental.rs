//! A rental as it stands in the table.

use crate::terms::{price, terms};
use chrono::{DateTime, Utc};
use db::{BadRow, DbError};
use domain::{
    Amount, End, EndStatus, HoldStatus, Intent, Moment, PROVIDER_MEMORY, PowerbankId, QuoteId,
    RentalEvent, RentalId, RentalStatus, Running, StationId, Terms, UserId,
};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use std::fmt::Display;
use uuid::Uuid;

/// How long a start or a hold is nobody else's. Longer than any request may take, and as long as
/// the intents that are made under it.
pub(crate) const LEASE: PgInterval = seconds(25);

/// No request takes longer.
pub(crate) const LONGEST_REQUEST: PgInterval = seconds(20);

/// How long the provider and the stations are asked about a key: they forget it after a day.
pub(crate) const KEY_RETENTION: PgInterval = seconds(PROVIDER_MEMORY.num_seconds());

const fn seconds(seconds: i64) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: seconds.saturating_mul(1_000_000),
    }
}

/// A rental, whole.
#[derive(Clone, Debug)]
pub struct Rental {
    /// Also the provider's `order_id`.
    pub rental_id: RentalId,
    /// What it was begun with.
    pub quote_id: QuoteId,
    /// Who rents.
    pub user_id: UserId,
    /// Where the power bank is ejected.
    pub station_id: StationId,
    /// What the quote froze.
    pub terms: Terms,
    /// Where it stands.
    pub status: RentalStatus,
    /// Counts its transitions; 0 until the first.
    pub version: i64,
    /// When it was begun.
    pub created_at: Moment,
    /// None until ACTIVE.
    pub powerbank_id: Option<PowerbankId>,
    /// None until ACTIVE; whole seconds.
    pub started_at: Option<Moment>,
    /// None until it ended.
    pub end: Option<End>,
    /// The deposit's hold.
    pub hold: Hold,
    /// The eject's intent; none until it is committed.
    pub eject: Option<Intent>,
    /// Until when somebody may be working on it.
    pub lease_until: Option<Moment>,
    /// Why it is left to an operator.
    pub flag_reason: Option<String>,
    /// The database's time when the rental was read.
    pub now: Moment,
}

/// The deposit's hold.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Where it stands.
    pub status: HoldStatus,
    /// The hold's intent; none while there never was one.
    pub intent: Option<Intent>,
    /// The release's intent; none until it is committed.
    pub release: Option<Intent>,
}

/// The right to write the outcome of one step of one rental.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which rental.
    pub rental_id: RentalId,
    /// Random: a worker that lost its lease does not have the next one's.
    pub token: Uuid,
}

impl Rental {
    /// Start and price; none until ACTIVE.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        self.started_at.map(|started_at| Running {
            started_at,
            price: self.terms.price,
        })
    }

    /// Whether somebody may be working on its start or its hold.
    #[must_use]
    pub fn is_leased(&self) -> bool {
        self.lease_until.is_some_and(|until| self.now < until)
    }

    /// Whether its eject was asked for so long ago that nobody asks what became of it.
    #[must_use]
    pub fn eject_is_left_to_a_person(&self) -> bool {
        self.eject.is_some_and(|eject| self.is_forgotten(eject))
    }

    /// Whether its hold was asked for so long ago that nobody asks what became of it.
    #[must_use]
    pub fn hold_is_left_to_a_person(&self) -> bool {
        self.hold.intent.is_some_and(|hold| self.is_forgotten(hold))
    }

    /// Whether whoever was asked may have forgotten the key.
    fn is_forgotten(&self, intent: Intent) -> bool {
        intent
            .expires_at
            .checked_add_signed(PROVIDER_MEMORY)
            .is_some_and(|forgotten| forgotten <= self.now)
    }

    /// The rental one transition on; its other fields are for the transition to set.
    ///
    /// # Errors
    /// [`DbError::Lost`] when it stands where there is no way to `next`.
    pub(crate) fn moved_to(self, next: RentalStatus) -> Result<Self, DbError> {
        if !self.status.can_become(next) {
            return Err(DbError::Lost("the rental is in another state"));
        }
        Ok(Self {
            status: next,
            version: self.version.saturating_add(1),
            ..self
        })
    }

    /// The rental as its latest transition tells it.
    #[must_use]
    pub fn event(&self) -> RentalEvent {
        RentalEvent {
            rental_id: self.rental_id,
            version: self.version,
            status: self.status,
            user_id: self.user_id.clone(),
            station_id: self.station_id.clone(),
            powerbank_id: self.powerbank_id.clone(),
            price_per_hour: self.terms.price.price_per_hour(),
            free_period_min: self.terms.price.free_period_min(),
            buyout: self.terms.price.buyout(),
            started_at: self.started_at,
            finished_at: self.end.map(|end| end.finished_at),
            total_amount: self.end.map(|end| end.total_amount),
        }
    }
}

/// The one reading of a whole rental, with or without its lock.
macro_rules! select_rental {
    ($connection:expr, $rental_id:expr, $lock:literal) => {
        sqlx::query_as!(
            Row,
            r#"
            SELECT rental_id, quote_id, user_id, station_id,
                   price_per_hour, free_period_min, deposit, buyout, trusted, has_subscription,
                   status, version, created_at, powerbank_id, started_at, finished_at, total_amount,
                   hold_status, hold_id, hold_expires_at, release_id, release_expires_at,
                   eject_id, eject_expires_at, lease_until, flag_reason, app_now() AS "now!"
            FROM rentals
            WHERE rental_id = $1
            "#
                + $lock,
            $rental_id.uuid(),
        )
        .fetch_optional($connection)
        .await?
        .map(Rental::try_from)
        .transpose()
    };
}

/// Reads a rental.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn find_rental(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Option<Rental>, DbError> {
    Ok(select_rental!(connection, rental_id, "")?)
}

/// Reads a rental and locks it until the transaction ends.
///
/// # Errors
/// [`DbError`], also for a row that cannot be read.
pub async fn lock_rental(
    connection: &mut PgConnection,
    rental_id: RentalId,
) -> Result<Option<Rental>, DbError> {
    Ok(select_rental!(connection, rental_id, "FOR UPDATE")?)
}

struct Row {
    rental_id: Uuid,
    quote_id: Uuid,
    user_id: String,
    station_id: String,
    price_per_hour: i64,
    free_period_min: i32,
    deposit: i64,
    buyout: i64,
    trusted: bool,
    has_subscription: bool,
    status: String,
    version: i64,
    created_at: DateTime<Utc>,
    powerbank_id: Option<String>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    total_amount: Option<i64>,
    hold_status: String,
    hold_id: Option<Uuid>,
    hold_expires_at: Option<DateTime<Utc>>,
    release_id: Option<Uuid>,
    release_expires_at: Option<DateTime<Utc>>,
    eject_id: Option<Uuid>,
    eject_expires_at: Option<DateTime<Utc>>,
    lease_until: Option<DateTime<Utc>>,
    flag_reason: Option<String>,
    now: DateTime<Utc>,
}

impl TryFrom<Row> for Rental {
    type Error = BadRow;

    fn try_from(row: Row) -> Result<Self, BadRow> {
        let status: RentalStatus = read("status", row.status.parse())?;
        Ok(Self {
            rental_id: RentalId::new(row.rental_id),
            quote_id: QuoteId::new(row.quote_id),
            user_id: read("user_id", row.user_id.try_into())?,
            station_id: read("station_id", row.station_id.try_into())?,
            terms: terms(
                "rentals",
                price(
                    "rentals",
                    row.price_per_hour,
                    row.free_period_min,
                    row.buyout,
                )?,
                row.deposit,
                row.trusted,
                row.has_subscription,
            )?,
            status,
            version: row.version,
            created_at: row.created_at,
            powerbank_id: row
                .powerbank_id
                .map(|id| read("powerbank_id", PowerbankId::try_from(id)))
                .transpose()?,
            started_at: row.started_at,
            end: read_end(status, row.finished_at, row.total_amount)?,
            hold: Hold {
                status: read("hold_status", row.hold_status.parse())?,
                intent: intent(row.hold_id, row.hold_expires_at),
                release: intent(row.release_id, row.release_expires_at),
            },
            eject: intent(row.eject_id, row.eject_expires_at),
            lease_until: row.lease_until,
            flag_reason: row.flag_reason,
            now: row.now,
        })
    }
}

fn intent(id: Option<Uuid>, expires_at: Option<Moment>) -> Option<Intent> {
    id.zip(expires_at)
        .map(|(id, expires_at)| Intent { id, expires_at })
}

/// The end, where the state has one.
pub(crate) fn read_end(
    status: RentalStatus,
    finished_at: Option<Moment>,
    total_amount: Option<i64>,
) -> Result<Option<End>, BadRow> {
    let status = match status {
        RentalStatus::Pending | RentalStatus::Active | RentalStatus::Failed => return Ok(None),
        RentalStatus::Finished => EndStatus::Finished,
        RentalStatus::Buyout => EndStatus::Buyout,
    };
    let finished_at = finished_at.ok_or_else(|| bad("finished_at", "it is NULL"))?;
    let total_amount = total_amount.ok_or_else(|| bad("total_amount", "it is NULL"))?;
    let total_amount = read("total_amount", Amount::new(total_amount))?;
    Ok(Some(End {
        status,
        finished_at,
        total_amount,
    }))
}

pub(crate) fn read<T, E: Display>(column: &'static str, value: Result<T, E>) -> Result<T, BadRow> {
    value.map_err(|error| bad(column, error))
}

fn bad(column: &'static str, why: impl Display) -> BadRow {
    BadRow::new("rentals", column, why)
}
