//! Settings from the environment: the only place that reads it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
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

/// The settings of one process, or of one that a test imitates.
#[derive(Clone, Debug, Default)]
pub struct Env {
    variables: HashMap<OsString, OsString>,
}

impl Env {
    /// The environment that this process was started with.
    #[must_use]
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let variables = std::env::vars_os().collect();
        Self { variables }
    }

    /// Reads a setting that must be there.
    ///
    /// # Errors
    /// [`EnvError`] naming the variable when it is missing or malformed.
    pub fn required<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
        meaning: &'static str,
    ) -> Result<T, EnvError> {
        match self.read(name)? {
            Some(value) => Ok(value),
            None => Err(EnvError::Missing { name, meaning }),
        }
    }

    /// Reads a setting, or takes its default where it is not set.
    ///
    /// # Errors
    /// [`EnvError`] naming the variable when it is malformed.
    pub fn or<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, EnvError> {
        Ok(self.read(name)?.unwrap_or(default))
    }

    /// Reads a setting that may be absent; an empty one counts as absent.
    ///
    /// # Errors
    /// [`EnvError`] naming the variable when it is malformed.
    pub fn read<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, EnvError> {
        let Some(value) = self.variables.get(OsStr::new(name)) else {
            return Ok(None);
        };
        let invalid = |why: String| EnvError::Invalid {
            name,
            value: value.to_string_lossy().into_owned(),
            why,
        };
        let text = value
            .to_str()
            .ok_or_else(|| invalid("it is not UTF-8".to_owned()))?
            .trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|why| invalid(format!("{why}")))
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { variables }
    }
}
