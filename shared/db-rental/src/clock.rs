//! The database's clock.

use db::DbError;
use domain::Moment;
use sqlx::PgConnection;

/// What time it is here.
///
/// # Errors
/// [`DbError`].
pub async fn now(connection: &mut PgConnection) -> Result<Moment, DbError> {
    let now = sqlx::query_scalar!(r#"SELECT app_now() AS "now!""#)
        .fetch_one(connection)
        .await?;
    Ok(now)
}
