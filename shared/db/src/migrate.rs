//! Migrations.

use sqlx::Connection;
use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

/// Brings the database at `url` to the newest schema; does nothing where it already is.
///
/// # Errors
/// When the database cannot be reached, or was migrated by something else.
pub async fn migrate(url: &str, migrations: &Migrator) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(url).await?;
    migrations.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
