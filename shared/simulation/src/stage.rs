//! The world of one history: two databases, the stubs and the functions, with clocks that stand.

use crate::fault::Db;
use crate::history::{Setup, Spoiled};
use crate::real_time::RealTime;
use anyhow::{Context, Result};
use audit::{Auditor, Ledger, Report, Rules, When};
use billing_tick::BillingTick;
use chrono::{DateTime, TimeDelta, Utc};
use db::Database;
use operator::Operator;
use quote::Quotes;
use reconcile::Reconcile;
use runtime::env::Env;
use serde_json::json;
use sqlx::Executor;
use start::Starts;
use status::Statuses;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use stop::Stops;
use testkit::{Databases, Proxy, Stub};
use uuid::Uuid;

/// 2026-01-01T00:00:00Z, on the grid of every tick.
const BEGINNING_SEC: i64 = 1_767_225_600;
/// `BILLING_TICK_SEC`, by the configs.
pub(crate) const TICK_SEC: i64 = 30;
/// Longer than any lease.
pub(crate) const PAST_A_LEASE_SEC: i64 = 26;
pub(crate) const STATIONS: [&str; 3] = ["station-456", "station-demo", "station-gum"];
const TARIFFS: [&str; 3] = ["tariff-1", "tariff-demo", "tariff-mall"];

pub(crate) struct Stage {
    pub(crate) databases: Databases,
    pub(crate) stub: Stub,
    pub(crate) functions: Functions,
    rental: Proxy,
    billing: Proxy,
    rental_now: DateTime<Utc>,
    billing_ahead_sec: i64,
    auditor: Auditor,
    faults_set: Cell<usize>,
    pub(crate) real_time: RealTime,
}

/// Instances of the functions, warm ones and new ones.
pub(crate) struct Functions {
    env: Env,
    pub(crate) quotes: Warm<Quotes>,
    pub(crate) starts: Warm<Starts>,
    pub(crate) stops: Warm<Stops>,
    pub(crate) statuses: Warm<Statuses>,
    pub(crate) ticks: Warm<BillingTick>,
    pub(crate) reconciles: Warm<Reconcile>,
    pub(crate) operators: Warm<Operator>,
}

/// Instances of one function that wait for work.
pub(crate) type Warm<T> = Rc<RefCell<Vec<T>>>;

impl Functions {
    fn new(env: Env) -> Self {
        Self {
            env,
            quotes: Warm::default(),
            starts: Warm::default(),
            stops: Warm::default(),
            statuses: Warm::default(),
            ticks: Warm::default(),
            reconciles: Warm::default(),
            operators: Warm::default(),
        }
    }

    /// A warm instance, or a new one made by `cold`. It is warm again when [`Instance::done`].
    pub(crate) fn take<T, E: std::fmt::Display>(
        &self,
        warm: &Warm<T>,
        cold: impl FnOnce(&Env) -> Result<T, E>,
    ) -> Result<Instance<T>> {
        let instance = match warm.borrow_mut().pop() {
            Some(instance) => instance,
            None => cold(&self.env).map_err(|error| anyhow::anyhow!("no function: {error}"))?,
        };
        Ok(Instance {
            instance,
            warm: Rc::clone(warm),
        })
    }
}

/// One instance at work. One that dies is not warm again.
pub(crate) struct Instance<T> {
    instance: T,
    warm: Warm<T>,
}

impl<T> Instance<T> {
    pub(crate) fn get(&self) -> &T {
        &self.instance
    }

    pub(crate) fn done(self) {
        self.warm.borrow_mut().push(self.instance);
    }
}

impl Stage {
    pub(crate) async fn build(setup: &Setup, real_time: RealTime) -> Result<Self> {
        let databases = Databases::create().await?;
        let rental = Proxy::start(databases.address()).await?;
        let billing = Proxy::start(databases.address()).await?;
        let stub = Stub::start().await?;
        let [rental_url, billing_url] = databases.urls_through(rental.port(), billing.port());
        let mut env = vec![
            // Reads that are done side by side end in the order in which they began.
            ("DATABASE_MAX_CONNECTIONS".to_owned(), "1".to_owned()),
            ("RENTAL_DATABASE_URL".to_owned(), rental_url),
            ("BILLING_DATABASE_URL".to_owned(), billing_url),
        ];
        for system in ["STATIONS", "TARIFFS", "USERS", "CONFIGS", "PAYMENTS"] {
            env.push((format!("{system}_URL"), stub.url()));
        }
        let (host, port) = databases.address();
        anyhow::ensure!(host == "127.0.0.1", "{host} is not this machine");
        let [rental_url, billing_url] = databases.urls_through(port, port);
        let direct: Env = [
            (db_rental::DATABASE_URL.to_owned(), rental_url),
            (db_billing::DATABASE_URL.to_owned(), billing_url),
        ]
        .into_iter()
        .collect();
        let auditor = Auditor::new(
            Database::from_env(&direct, db_rental::DATABASE_URL)?,
            Database::from_env(&direct, db_billing::DATABASE_URL)?,
            Some(Ledger::new(runtime::http_client()?, stub.url())),
        );
        let stage = Self {
            databases,
            stub,
            functions: Functions::new(env.into_iter().collect()),
            rental,
            billing,
            rental_now: DateTime::from_timestamp(BEGINNING_SEC, 0).context("no such moment")?,
            billing_ahead_sec: setup.billing_ahead_sec,
            auditor,
            faults_set: Cell::new(0),
            real_time,
        };
        stage.set_up(setup).await?;
        Ok(stage)
    }

    async fn set_up(&self, setup: &Setup) -> Result<()> {
        self.set_clocks().await?;
        let configs = json!({
            "R_BUYOUT": setup.buyout,
            "BILLING_TICK_SEC": TICK_SEC,
            "DEBT_CHARGE_STEP": setup.debt_charge_step,
        });
        self.stub.put("/admin/configs", configs).await?;
        for tariff in TARIFFS {
            let terms = json!({
                "price_per_hour": setup.price_per_hour,
                "free_period_min": setup.free_period_min,
                "deposit": setup.deposit,
            });
            self.stub
                .put(&format!("/admin/tariffs/{tariff}"), terms)
                .await?;
        }
        for (number, user) in setup.users.iter().enumerate() {
            let standing = json!({
                "trusted": user.trusted,
                "has_subscription": user.has_subscription,
            });
            let id = user_id(number);
            self.stub
                .put(&format!("/admin/users/{id}"), standing)
                .await?;
            self.stub.set_balance(&id, user.balance).await?;
        }
        self.databases.billing.execute(SPOIL).await?;
        Ok(())
    }

    pub(crate) fn proxy(&self, db: Db) -> &Proxy {
        match db {
            Db::Rental => &self.rental,
            Db::Billing => &self.billing,
        }
    }

    /// How often either database said or heard anything so far.
    pub(crate) fn movements(&self) -> u64 {
        self.rental
            .movements()
            .saturating_add(self.billing.movements())
    }

    pub(crate) const fn rental_now(&self) -> DateTime<Utc> {
        self.rental_now
    }

    /// Moves every clock on.
    pub(crate) async fn wait(&mut self, seconds: i64) -> Result<()> {
        self.rental_now = later(self.rental_now, seconds);
        self.set_clocks().await
    }

    async fn set_clocks(&self) -> Result<()> {
        let billing_now = later(self.rental_now, self.billing_ahead_sec);
        self.databases
            .stop_clocks_at(self.rental_now, billing_now)
            .await?;
        self.stub.stop_clock_at(self.rental_now).await
    }

    /// Looks at the books of every rental.
    pub(crate) async fn audit(&self, when: When) -> Result<Report> {
        Ok(self.auditor.run(when, Rules::default()).await?)
    }

    /// A power bank that somebody has.
    pub(crate) async fn bank_that_is_out(&self) -> Result<Option<String>> {
        let out =
            "SELECT powerbank_id FROM rentals WHERE status = 'ACTIVE' ORDER BY rental_id LIMIT 1";
        Ok(sqlx::query_scalar(out)
            .fetch_optional(&self.databases.rental)
            .await?)
    }

    pub(crate) fn set_faults(&self, count: usize) {
        self.faults_set.set(count);
    }

    pub(crate) fn faults_set(&self) -> usize {
        self.faults_set.get()
    }

    /// From now on nothing can be written about a rental.
    pub(crate) async fn spoil(&self, rental_id: Uuid, what: Spoiled) -> Result<()> {
        let column = match what {
            Spoiled::Attempts => "attempts",
            Spoiled::Copy => "copy",
        };
        sqlx::query("INSERT INTO spoiled (rental_id, what) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(rental_id)
            .bind(column)
            .execute(&self.databases.billing)
            .await?;
        Ok(())
    }

    /// Nothing is spoilt any more. Returns what was.
    pub(crate) async fn mend(&self) -> Result<Vec<Uuid>> {
        let mended = "DELETE FROM spoiled RETURNING rental_id";
        let mut ids: Vec<Uuid> = sqlx::query_scalar(mended)
            .fetch_all(&self.databases.billing)
            .await?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

pub(crate) fn user_id(number: usize) -> String {
    format!("user-{number}")
}

fn later(moment: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    TimeDelta::try_seconds(seconds)
        .and_then(|by| moment.checked_add_signed(by))
        .unwrap_or(moment)
}

/// What the database says of a row that cannot be written.
pub(crate) const SPOILT: &str = "spoilt by the simulation";

/// Rows that cannot be written, as if a constraint refused them.
const SPOIL: &str = "
    CREATE TABLE spoiled (rental_id uuid, what text, PRIMARY KEY (rental_id, what));
    CREATE FUNCTION refuse_the_spoiled() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM spoiled WHERE rental_id = NEW.rental_id AND what = TG_ARGV[0]) THEN
            RAISE 'spoilt by the simulation' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER spoiled_attempts BEFORE INSERT OR UPDATE ON payment_attempts
        FOR EACH ROW EXECUTE FUNCTION refuse_the_spoiled('attempts');
    CREATE TRIGGER spoiled_copies_new BEFORE INSERT ON rentals
        FOR EACH ROW EXECUTE FUNCTION refuse_the_spoiled('copy');
    CREATE TRIGGER spoiled_copies BEFORE UPDATE OF version ON rentals
        FOR EACH ROW EXECUTE FUNCTION refuse_the_spoiled('copy');
";
