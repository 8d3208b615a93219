//! What a killed process left behind.
//!
//! Both databases note which connection took a lease, intended a release or wrote a transition: a
//! process's connections carry its name. After a kill it is known whose work lies about, whatever
//! the others did meanwhile; what they put right before somebody looked is not counted.

use crate::functions::Function;
use anyhow::{Result, ensure};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use std::ops::AddAssign;
use std::time::Duration;
use testkit::{Databases, Working};
use tokio::time::Instant;

/// What a killed process had sent is done by then: longer than any statement may take.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Columns of db-rental that tell who wrote a row, and when it really was.
const MARK_RENTAL: &str = "
    ALTER TABLE rentals
        ADD COLUMN leased_by text, ADD COLUMN leased_at timestamptz,
        ADD COLUMN releasing_by text, ADD COLUMN releasing_at timestamptz;
    ALTER TABLE outbox
        ADD COLUMN written_by text DEFAULT current_setting('application_name'),
        ADD COLUMN written_at timestamptz DEFAULT clock_timestamp();
    CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.lease_token IS DISTINCT FROM OLD.lease_token THEN
            NEW.leased_by := current_setting('application_name');
            NEW.leased_at := clock_timestamp();
        END IF;
        IF NEW.release_id IS DISTINCT FROM OLD.release_id THEN
            NEW.releasing_by := current_setting('application_name');
            NEW.releasing_at := clock_timestamp();
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER mark BEFORE INSERT OR UPDATE ON rentals FOR EACH ROW EXECUTE FUNCTION mark();
";

/// The same of db-billing.
const MARK_BILLING: &str = "
    ALTER TABLE rentals ADD COLUMN leased_by text, ADD COLUMN leased_at timestamptz;
    CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.lease_token IS DISTINCT FROM OLD.lease_token THEN
            NEW.leased_by := current_setting('application_name');
            NEW.leased_at := clock_timestamp();
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER mark BEFORE INSERT OR UPDATE ON rentals FOR EACH ROW EXECUTE FUNCTION mark();
";

/// Of one process, since it was handed its event. A transition counts only if the invocation would
/// have told billing of it itself.
const LEFT_IN_RENTAL: &str = "
    WITH since AS (SELECT clock_timestamp() - make_interval(secs => $2) AS moment),
    leased AS (
        SELECT status FROM rentals, since
        WHERE leased_by = $1 AND leased_at >= moment AND lease_token IS NOT NULL)
    SELECT (SELECT count(*) FROM leased),
           (SELECT count(*) FROM leased WHERE status = 'PENDING'),
           (SELECT count(*) FROM outbox, since
            WHERE written_by = $1 AND written_at >= moment AND copied_at IS NULL
              AND payload->>'status' = ANY($3)),
           (SELECT count(*) FROM rentals, since
            WHERE releasing_by = $1 AND releasing_at >= moment AND hold_status = 'RELEASING')";

const LEFT_IN_BILLING: &str = "
    WITH leased AS (
        SELECT rental_id FROM rentals
        WHERE leased_by = $1 AND leased_at >= clock_timestamp() - make_interval(secs => $2)
          AND lease_token IS NOT NULL)
    SELECT (SELECT count(*) FROM leased),
           (SELECT count(*) FROM payment_attempts JOIN leased USING (rental_id)
            WHERE status = 'OPEN')";

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";

/// What lies about of a killed process's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Leases, in either database, that nobody alive holds.
    pub(crate) leases: i64,
    /// Starts that nobody works on.
    pub(crate) pending: i64,
    /// Clears that were intended, and perhaps made.
    pub(crate) open_attempts: i64,
    /// Transitions that billing was to be told of.
    pub(crate) untold: i64,
    /// Releases that were intended, and perhaps made.
    pub(crate) releases: i64,
}

impl Left {
    pub(crate) fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

impl AddAssign for Left {
    fn add_assign(&mut self, other: Self) {
        self.leases = self.leases.saturating_add(other.leases);
        self.pending = self.pending.saturating_add(other.pending);
        self.open_attempts = self.open_attempts.saturating_add(other.open_attempts);
        self.untold = self.untold.saturating_add(other.untold);
        self.releases = self.releases.saturating_add(other.releases);
    }
}

/// Looks at what lies about, on connections of its own.
pub(crate) struct Marks {
    rental: PgPool,
    billing: PgPool,
}

impl Marks {
    /// Makes both databases note who writes.
    pub(crate) async fn set(databases: &Databases) -> Result<Self> {
        databases.rental.execute(MARK_RENTAL).await?;
        databases.billing.execute(MARK_BILLING).await?;
        let own = |pool: &PgPool| {
            let options = pool.connect_options().as_ref().clone();
            PgPoolOptions::new()
                .max_connections(1)
                .connect_lazy_with(options)
        };
        Ok(Self {
            rental: own(&databases.rental),
            billing: own(&databases.billing),
        })
    }

    /// What a process that is gone left of its last invocation.
    pub(crate) async fn left_by(&self, function: Function, gone: &Working) -> Result<Left> {
        self.until_nothing_is_under_way(&gone.application_name)
            .await?;
        let row: (i64, i64, i64, i64) = sqlx::query_as(LEFT_IN_RENTAL)
            .bind(&gone.application_name)
            .bind(gone.since.elapsed().as_secs_f64())
            .bind(function.tells_of)
            .fetch_one(&self.rental)
            .await?;
        let (leases, pending, untold, releases) = row;
        let row: (i64, i64) = sqlx::query_as(LEFT_IN_BILLING)
            .bind(&gone.application_name)
            .bind(gone.since.elapsed().as_secs_f64())
            .fetch_one(&self.billing)
            .await?;
        let (billing_leases, open_attempts) = row;
        Ok(Left {
            leases: leases.saturating_add(billing_leases),
            pending,
            open_attempts,
            untold,
            releases,
        })
    }

    /// A statement that was sent before the kill is still carried out.
    async fn until_nothing_is_under_way(&self, application_name: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            let connections: i64 = sqlx::query_scalar(CONNECTIONS)
                .bind(application_name)
                .fetch_one(&self.rental)
                .await?;
            if connections == 0 {
                return Ok(());
            }
            let lives_on = begun.elapsed() > PATIENCE;
            ensure!(!lives_on, "the connections of {application_name} stay");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
