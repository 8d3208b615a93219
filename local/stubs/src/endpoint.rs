//! The endpoints that stand for outside systems, by the names in their paths.

use axum::http::StatusCode;
use serde::de::IntoDeserializer;
use serde::de::value::Error as UnknownName;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::reply::Reply;

/// Serialized, a variant is its path without the slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endpoint {
    StationData,
    Tariff,
    UserProfile,
    Configs,
    EjectPowerbank,
    HoldMoneyForOrder,
    ClearMoneyForOrder,
    ReleaseMoneyForOrder,
    ReturnPowerbank,
}

impl Endpoint {
    /// The endpoint behind a path; none for helpers such as `/healthz`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix('/')?;
        let name: serde::de::value::StrDeserializer<'_, UnknownName> = name.into_deserializer();
        Self::deserialize(name).ok()
    }

    /// Whether a request there changes something.
    pub(crate) fn changes_something(self) -> bool {
        match self {
            Self::StationData | Self::Tariff | Self::UserProfile | Self::Configs => false,
            Self::EjectPowerbank
            | Self::HoldMoneyForOrder
            | Self::ClearMoneyForOrder
            | Self::ReleaseMoneyForOrder
            | Self::ReturnPowerbank => true,
        }
    }

    /// How the provider says no to what is in order.
    pub(crate) fn refusal(self) -> Reply {
        let status = match self {
            Self::EjectPowerbank => StatusCode::OK,
            Self::ReturnPowerbank => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        self.error(status, "Refused")
    }

    /// An error in the shape that callers of this endpoint know.
    pub(crate) fn error(self, status: StatusCode, message: &str) -> Reply {
        match self {
            Self::StationData | Self::Tariff | Self::UserProfile | Self::Configs => {
                Reply::error(status, message)
            }
            Self::EjectPowerbank => {
                Reply::new(status, &json!({ "success": false, "message": message }))
            }
            Self::HoldMoneyForOrder
            | Self::ClearMoneyForOrder
            | Self::ReleaseMoneyForOrder
            | Self::ReturnPowerbank => {
                Reply::new(status, &json!({ "status": "error", "message": message }))
            }
        }
    }
}
