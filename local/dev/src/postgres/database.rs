//! The databases on a server: their names, whether they answer.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout};

/// How long one try to connect may take.
const TRY_PATIENCE: Duration = Duration::from_secs(2);

/// A database by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The one that every server has.
    Server,
    /// db-rental.
    Rental,
    /// db-billing.
    Billing,
}

impl Database {
    /// Its name on the server.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "postgres",
            Self::Rental => "rental",
            Self::Billing => "billing",
        }
    }

    /// Its address on a server that the runner started.
    pub fn local_url(self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{}", self.name())
    }

    /// Creates it on a server that the runner started, unless it is there.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create(self, port: u16) -> Result<()> {
        let create = match self {
            Self::Server => return Ok(()),
            Self::Rental => "CREATE DATABASE rental",
            Self::Billing => "CREATE DATABASE billing",
        };
        let mut server = PgConnection::connect(&Self::Server.local_url(port)).await?;
        match sqlx::query(create).execute(&mut server).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
            outcome => {
                outcome.with_context(|| format!("`{create}` failed"))?;
            }
        }
        server.close().await?;
        Ok(())
    }
}

/// Waits until a database answers.
///
/// # Errors
/// A sentence when it does not within `patience`.
pub async fn wait_until_answers(url: &str, patience: Duration) -> Result<()> {
    let began = Instant::now();
    loop {
        let error = match timeout(TRY_PATIENCE, PgConnection::connect(url)).await {
            Ok(Ok(connection)) => {
                // It answered; how it takes the goodbye does not matter.
                let _ = connection.close().await;
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if began.elapsed() >= patience {
            bail!("{} does not answer: {error}", without_secrets(url));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// An address fit to be shown: a password in it becomes `…`.
pub fn without_secrets(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…@{host}"))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(
            without_secrets("postgres://me:se@cret@db.example:5432/rental"),
            "postgres://me:…@db.example:5432/rental"
        );
        assert_eq!(
            without_secrets("postgres://postgres@127.0.0.1:5433/rental"),
            "postgres://postgres@127.0.0.1:5433/rental"
        );
    }
}
