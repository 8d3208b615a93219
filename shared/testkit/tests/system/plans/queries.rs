//! The queries: all are checked when they are compiled, and so written down beside their crate.

use super::plan::Plan;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use std::fs;
use std::path::Path;

/// A query, as `make sqlx` wrote it down.
#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(rename = "query")]
    pub(crate) sql: String,
    describe: Described,
}

#[derive(Deserialize)]
struct Described {
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "Left")]
    types: Vec<serde_json::Value>,
}

/// All queries of one of the database crates.
pub(crate) fn of(database: &str) -> Vec<Query> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = fs::read_dir(crates.join(database).join(".sqlx")).unwrap();
    let queries: Vec<Query> = files
        .map(|file| serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap())
        .collect();
    assert!(!queries.is_empty(), "{database} has no query");
    queries
}

impl Query {
    /// A query in which each parameter stands once.
    pub(crate) fn new(sql: String) -> Self {
        let types = vec![serde_json::Value::Null; sql.matches('$').count()];
        let parameters = Parameters { types };
        Self {
            sql,
            describe: Described { parameters },
        }
    }

    /// The plan that serves whatever the parameters are, and how PostgreSQL shows it.
    pub(crate) async fn explain(&self, connection: &mut PgConnection) -> (Plan, String) {
        let nulls = vec!["NULL"; self.describe.parameters.types.len()].join(", ");
        let execute = if nulls.is_empty() {
            "EXECUTE looked_at".to_owned()
        } else {
            format!("EXECUTE looked_at ({nulls})")
        };
        run(connection, "SET plan_cache_mode = force_generic_plan").await;
        run(connection, format!("PREPARE looked_at AS {}", self.sql)).await;
        let json = run(connection, format!("EXPLAIN (FORMAT JSON) {execute}")).await;
        let text = run(connection, format!("EXPLAIN (COSTS OFF) {execute}")).await;
        run(connection, "DEALLOCATE looked_at").await;
        (Plan::read(&json), text)
    }
}

/// The lines of the answer.
async fn run(connection: &mut PgConnection, sql: impl Into<String>) -> String {
    let sql = sql.into();
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.clone())));
    let rows = rows.await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let lines: Vec<String> = rows.iter().map(|row| row.get_unchecked(0)).collect();
    lines.join("\n")
}
