//! What a process has begun, and what a killed one left behind.
//!
//! Both databases note which connection took a lease, intended a release or wrote a transition: a
//! process's connections carry its name. After a kill it is known whose work lies about, whatever
//! the others did meanwhile. What they put right before somebody looked is not counted; what the
//! invocation would have left to others in any case, because a call's outcome stayed unknown, is.

use crate::functions::Function;
use anyhow::{Result, ensure};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use std::time::Duration;
use testkit::{Databases, Working};
use tokio::time::Instant;

/// What a killed process had sent is done by then, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(30);
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
    CREATE INDEX ON rentals (leased_by) WHERE lease_token IS NOT NULL;
    CREATE INDEX ON rentals (releasing_by) WHERE hold_status = 'RELEASING';
    CREATE INDEX ON outbox (written_by) WHERE copied_at IS NULL;
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
    CREATE INDEX ON rentals (leased_by) WHERE lease_token IS NOT NULL;
";

/// Process by process: what it wrote since it was handed its event. A transition counts only if the
/// invocation tells billing of it itself.
const WRITTEN_IN_RENTAL: &str = "
    WITH at_work AS (
        SELECT name, clock_timestamp() - make_interval(secs => age) AS since, number
        FROM unnest($1::text[], $2::float8[]) WITH ORDINALITY AS at_work (name, age, number))
    SELECT (SELECT count(*) FROM rentals
            WHERE leased_by = name AND leased_at >= since AND lease_token IS NOT NULL),
           (SELECT count(*) FROM rentals
            WHERE leased_by = name AND leased_at >= since AND lease_token IS NOT NULL
              AND status = 'PENDING'),
           (SELECT count(*) FROM outbox
            WHERE written_by = name AND written_at >= since AND copied_at IS NULL
              AND payload->>'status' = ANY($3)),
           (SELECT count(*) FROM rentals
            WHERE releasing_by = name AND releasing_at >= since AND hold_status = 'RELEASING')
    FROM at_work ORDER BY number";

const WRITTEN_IN_BILLING: &str = "
    WITH at_work AS (
        SELECT name, clock_timestamp() - make_interval(secs => age) AS since, number
        FROM unnest($1::text[], $2::float8[]) WITH ORDINALITY AS at_work (name, age, number))
    SELECT (SELECT count(*) FROM rentals
            WHERE leased_by = name AND leased_at >= since AND lease_token IS NOT NULL),
           (SELECT count(*) FROM payment_attempts JOIN rentals USING (rental_id)
            WHERE payment_attempts.status = 'OPEN'
              AND leased_by = name AND leased_at >= since AND lease_token IS NOT NULL)
    FROM at_work ORDER BY number";

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";

/// What a process has begun and not brought to its end; once it is dead, what it left behind.
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

    /// Whether a lease, a PENDING rental or an open attempt is among it, so that others cannot just
    /// go on. A transition that is to be told and a release that is to be made lie about after
    /// every outage, too: they say less about the kill.
    pub(crate) const fn is_half_done(&self) -> bool {
        self.leases > 0 || self.pending > 0 || self.open_attempts > 0
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
        let left = self.begun_by(function, vec![gone.clone()]).await?.pop();
        Ok(left.map(|(_, left)| left).unwrap_or_default())
    }

    /// What each of some processes of a function has begun in this invocation and not brought to
    /// its end.
    pub(crate) async fn begun_by(
        &self,
        function: Function,
        working: Vec<Working>,
    ) -> Result<Vec<(Working, Left)>> {
        let names: Vec<&str> = working
            .iter()
            .map(|working| working.application_name.as_str())
            .collect();
        let ages = || -> Vec<f64> {
            let ages = working.iter().map(|working| working.since.elapsed());
            ages.map(|age| age.as_secs_f64()).collect()
        };
        let in_rental: Vec<(i64, i64, i64, i64)> = sqlx::query_as(WRITTEN_IN_RENTAL)
            .bind(&names)
            .bind(ages())
            .bind(function.tells_of)
            .fetch_all(&self.rental)
            .await?;
        let in_billing: Vec<(i64, i64)> = sqlx::query_as(WRITTEN_IN_BILLING)
            .bind(&names)
            .bind(ages())
            .fetch_all(&self.billing)
            .await?;
        let begun = in_rental.into_iter().zip(in_billing);
        let begun = begun.map(
            |((leases, pending, untold, releases), (more, open_attempts))| Left {
                leases: leases.saturating_add(more),
                pending,
                open_attempts,
                untold,
                releases,
            },
        );
        let begun: Vec<Left> = begun.collect();
        Ok(working.into_iter().zip(begun).collect())
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
