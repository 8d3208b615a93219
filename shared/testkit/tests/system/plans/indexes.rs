//! What there is to find rows by.

use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeMap;

/// An index of what waits holds no more of its table than this.
const LITTLE_PERCENT: i64 = 3;

/// The indexes of a database, by their names.
pub(crate) struct Indexes(BTreeMap<String, Index>);

#[derive(sqlx::FromRow)]
struct Index {
    name: String,
    on: String,
    /// It holds up a law, or a foreign key of others.
    is_unique: bool,
    /// Of which rows it is; none where it is of all.
    predicate: Option<String>,
    #[sqlx(skip)]
    holds_little: bool,
}

impl Indexes {
    pub(crate) async fn read(connection: &mut PgConnection) -> Self {
        let all: Vec<Index> = sqlx::query_as(
            r#"
            SELECT indexrelid::regclass::text AS name, indrelid::regclass::text AS on,
                   indisunique AS is_unique, pg_get_expr(indpred, indrelid) AS predicate
            FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
            WHERE relnamespace = 'public'::regnamespace
            "#,
        )
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let mut indexes = BTreeMap::new();
        for mut index in all {
            if let Some(predicate) = &index.predicate {
                let share = format!(
                    "SELECT 100 * count(*) FILTER (WHERE {predicate}) <= {LITTLE_PERCENT} * count(*)
                     FROM {}",
                    index.on
                );
                index.holds_little = sqlx::query_scalar(AssertSqlSafe(share))
                    .fetch_one(&mut *connection)
                    .await
                    .unwrap();
            }
            indexes.insert(index.name.clone(), index);
        }
        Self(indexes)
    }

    /// Whether an index is of every row, and so made for no query in particular.
    pub(crate) fn is_of_all(&self, name: &str) -> bool {
        self.0[name].predicate.is_none()
    }

    /// Whether an index is of nothing but what waits: to read all of it is what it is there for.
    pub(crate) fn is_of_what_waits(&self, name: &str) -> bool {
        self.0[name].holds_little
    }

    /// Those that are there for queries alone.
    pub(crate) fn of_no_law(&self) -> impl Iterator<Item = &str> {
        let indexes = self.0.values().filter(|index| !index.is_unique);
        indexes.map(|index| index.name.as_str())
    }
}
