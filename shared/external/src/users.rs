//! Users: whom to trust, and who subscribes.

use crate::call::System;
use domain::UserId;
use reqwest::Client;
use runtime::env::{Env, EnvError};
use serde::Deserialize;

/// The client of the users system.
#[derive(Clone, Debug)]
pub struct UsersClient {
    system: System,
}

/// What a rental's terms depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct UserProfile {
    /// May rent without a deposit that can be held.
    pub trusted: bool,
    /// Has a longer free period.
    pub has_subscription: bool,
}

impl UserProfile {
    /// What a user counts as while the users system is away: nothing is given that it might not
    /// have promised.
    pub const GREEDY: Self = Self {
        trusted: false,
        has_subscription: false,
    };
}

impl UsersClient {
    /// The client of the system at `USERS_URL`.
    ///
    /// # Errors
    /// [`EnvError`] when it is missing or malformed.
    pub fn from_env(env: &Env, http: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            system: System::from_env(env, http, "USERS_URL")?,
        })
    }

    /// A user's profile; [`UserProfile::GREEDY`] when it cannot be had.
    pub async fn profile_or_greedy(&self, user_id: &UserId) -> UserProfile {
        match self
            .system
            .read("/user-profile", &[("id", user_id.as_str())])
            .await
        {
            Ok(profile) => profile,
            Err(error) => {
                tracing::warn!(%error, "the user counts as not trusted and without subscription");
                UserProfile::GREEDY
            }
        }
    }

    /// Whether the system answers at all.
    pub async fn answers(&self) -> bool {
        self.system
            .answers("/user-profile", &[("id", "health")])
            .await
    }
}
