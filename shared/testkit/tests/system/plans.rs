//! Every query finds its rows by an index: what it costs follows from what it wants, not from how
//! many rentals there are.
//!
//! The plans are the generic ones, which a connection keeps once they look no dearer than others, for
//! whatever parameters come. They are looked at while a few of everything wait and while nothing
//! does. The second is what statistics say on a quiet day, and they go on saying it for hours after
//! an outage began: a plan that reads all that waits, to find one rental in it, is bad although
//! nothing waited when it was made.

mod indexes;
mod plan;
mod queries;

use indexes::Indexes;
use queries::Query;
use sqlx::PgPool;
use std::collections::BTreeSet;
use testkit::{Bulk, Databases};

const BULK: Bulk = Bulk {
    rentals: 50_000,
    active: 3_000,
    due: 500,
    settled_attempts: 2,
    waiting_one_in: 0,
};

const WHAT_TO_DO: &str = "Mend the query, or else add the index that it lacks: of what waits alone, \
    where it wants no more, for each index costs each write. Where a join is answered by reading one \
    side whole, make it a subquery or LATERAL … LIMIT 1, or find ids first and say = ANY(ARRAY(…)). \
    Where what waits is read to find one of it by its id, let the index be by that id, or let its \
    WHERE say something more that only queries which want all of it say, too.";

#[tokio::test]
async fn while_nothing_waits_every_query_finds_its_rows_by_an_index() {
    let databases = Databases::create().await.unwrap();
    databases.load(BULK, |_| {}).await.unwrap();
    let rental = look("db-rental", &databases.rental).await;
    let billing = look("db-billing", &databases.billing).await;
    assert_none(&[rental.bad, billing.bad].concat(), WHAT_TO_DO);
}

#[tokio::test]
async fn while_a_few_of_everything_wait_every_query_finds_its_rows_by_an_index_and_no_index_is_idle()
 {
    let databases = Databases::create().await.unwrap();
    let bulk = Bulk {
        waiting_one_in: 2_500,
        ..BULK
    };
    databases.load(bulk, |_| {}).await.unwrap();
    let rental = look("db-rental", &databases.rental).await;
    let billing = look("db-billing", &databases.billing).await;
    assert_none(&[rental.bad, billing.bad].concat(), WHAT_TO_DO);
    assert_none(
        &[rental.idle, billing.idle].concat(),
        "No query's plan has use for it, and it holds up no law: drop it.",
    );
}

#[tokio::test]
async fn a_plan_that_reads_more_than_is_wanted_is_noticed() {
    let databases = Databases::create().await.unwrap();
    let bulk = Bulk {
        rentals: 5_000,
        active: 300,
        due: 0,
        ..BULK
    };
    databases.load(bulk, |_| {}).await.unwrap();
    let mut connection = databases.rental.acquire().await.unwrap();
    let indexes = Indexes::read(&mut connection).await;
    for wanted in [
        "user_id = $1",
        "status = 'ACTIVE' ORDER BY buyout_at",
        "coalesce(rental_id > $1, true) ORDER BY rental_id LIMIT $2",
        "rental_id > $1 AND trusted ORDER BY rental_id LIMIT $2",
        "status = 'ACTIVE' AND buyout_at <= app_now() AND station_id = $1",
        "flagged_at IS NOT NULL AND user_id = $1",
        "flagged_at IS NOT NULL AND user_id IN (SELECT UNNEST($1::text[]))",
    ] {
        let query = Query::new(format!("SELECT rental_id FROM rentals WHERE {wanted}"));
        let (plan, shown) = query.explain(&mut connection).await;
        assert!(!plan.faults(&indexes).is_empty(), "{wanted}\n{shown}");
    }
}

/// What is wrong in one of the databases.
struct Seen {
    /// Queries with their plans.
    bad: Vec<String>,
    /// Indexes that cost each write, and serve nothing.
    idle: Vec<String>,
}

async fn look(database: &str, pool: &PgPool) -> Seen {
    let mut connection = pool.acquire().await.unwrap();
    let indexes = Indexes::read(&mut connection).await;
    let mut used = BTreeSet::new();
    let mut bad = Vec::new();
    for query in queries::of(database) {
        let (plan, shown) = query.explain(&mut connection).await;
        let faults = plan.faults(&indexes);
        if !faults.is_empty() {
            let (sql, faults) = (&query.sql, faults.join("\n"));
            bad.push(format!("{database}: {sql}\n{shown}\n{faults}"));
        }
        used.extend(plan.indexes().map(str::to_owned));
    }
    let idle = indexes.of_no_law().filter(|index| !used.contains(*index));
    Seen {
        idle: idle.map(|index| format!("{database}: {index}")).collect(),
        bad,
    }
}

#[track_caller]
fn assert_none(wrong: &[String], what_to_do: &str) {
    let all = wrong.join("\n\n");
    assert!(wrong.is_empty(), "\n{all}\n\n{what_to_do}\n");
}
