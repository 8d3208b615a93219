//! Settings from the environment: the only place that reads it.

use std::fmt::Display;
use std::str::FromStr;

/// A setting that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// It has no default and is not set.
    #[error("set {name}: {meaning}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is for.
        meaning: &'static str,
    },
    /// It is set to something that it cannot be.
    #[error("{name}={value:?} cannot be used: {why}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it is set to.
        value: String,
        /// What is wrong with that.
        why: String,
    },
}

/// Reads a setting that must be there.
///
/// # Errors
/// [`EnvError`] naming the variable when it is missing or malformed.
pub fn required<T: FromStr<Err: Display>>(
    name: &'static str,
    meaning: &'static str,
) -> Result<T, EnvError> {
    match read(name)? {
        Some(value) => Ok(value),
        None => Err(EnvError::Missing { name, meaning }),
    }
}

/// Reads a setting, or takes its default where it is not set.
///
/// # Errors
/// [`EnvError`] naming the variable when it is malformed.
pub fn or<T: FromStr<Err: Display>>(name: &'static str, default: T) -> Result<T, EnvError> {
    Ok(read(name)?.unwrap_or(default))
}

/// Reads a setting that may be absent; an empty one counts as absent.
///
/// # Errors
/// [`EnvError`] naming the variable when it is malformed.
pub fn read<T: FromStr<Err: Display>>(name: &'static str) -> Result<Option<T>, EnvError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    let value = match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => value,
        Ok(_) | Err(std::env::VarError::NotPresent) => return Ok(None),
        Err(std::env::VarError::NotUnicode(value)) => {
            let value = value.to_string_lossy().into_owned();
            return Err(EnvError::Invalid {
                name,
                value,
                why: "it is not UTF-8".to_owned(),
            });
        }
    };
    match value.trim().parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(why) => {
            let why = format!("{why}");
            Err(EnvError::Invalid { name, value, why })
        }
    }
}
