//! Both databases' migrations, read from the checkout.
//!
//! Not the ones that the databases' crates embed: those crates' queries are
//! checked against migrated databases when they are compiled, and this is what
//! brings such databases up.

use std::path::Path;

use anyhow::{Context, Result};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use crate::settings::DatabaseUrls;

/// Brings both databases to their newest form.
///
/// # Errors
/// With the database that refused.
pub async fn apply(root: &Path, urls: &DatabaseUrls) -> Result<()> {
    for (name, url) in [("rental", &urls.rental), ("billing", &urls.billing)] {
        let cannot = || format!("db-{name} cannot be migrated");
        let folder = root.join("migrations").join(name);
        let migrations = Migrator::new(folder.as_path()).await.with_context(cannot)?;
        let mut connection = PgConnection::connect(url).await.with_context(cannot)?;
        migrations.run(&mut connection).await.with_context(cannot)?;
        connection.close().await.with_context(cannot)?;
    }
    Ok(())
}

/// When each migration of the two databases was applied.
///
/// # Errors
/// When a database does not answer.
pub async fn applied(urls: &DatabaseUrls) -> Result<Vec<String>> {
    let mut applied = Vec::new();
    for url in [&urls.rental, &urls.billing] {
        let mut connection = PgConnection::connect(url).await?;
        let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut connection)
            .await
            .context("the migrations cannot be read")?;
        if there {
            let rows: Vec<String> = sqlx::query_scalar(
                "SELECT version || ' applied ' || installed_on FROM _sqlx_migrations ORDER BY 1",
            )
            .fetch_all(&mut connection)
            .await
            .context("the migrations cannot be read")?;
            applied.extend(rows);
        }
        connection.close().await?;
    }
    Ok(applied)
}
