//! What tests override in the catalogue, and the stock of stations.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::{AdminBody, refused};
use crate::app::App;
use crate::catalogue::{Tariff, UserProfile};
use crate::http::reads::{StationData, station_not_found};
use crate::provider;
use crate::reply::Reply;
use crate::store::Tables;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TariffTerms {
    price_per_hour: i64,
    free_period_min: i64,
    deposit: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standing {
    trusted: bool,
    has_subscription: bool,
}

/// What is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StationChanges {
    available_powerbanks: Option<u64>,
    tariff_id: Option<String>,
    next_powerbank_id: Option<String>,
}

pub(super) async fn set_configs(
    State(app): State<Arc<App>>,
    AdminBody(configs): AdminBody<Map<String, Value>>,
) -> Json<Value> {
    app.catalogue.set_configs(configs);
    Json(app.catalogue.configs())
}

pub(super) async fn set_tariff(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    AdminBody(terms): AdminBody<TariffTerms>,
) -> Json<Tariff> {
    let TariffTerms {
        price_per_hour,
        free_period_min,
        deposit,
    } = terms;
    let tariff = Tariff {
        id,
        price_per_hour,
        free_period_min,
        deposit,
    };
    app.catalogue.set_tariff(tariff.clone());
    Json(tariff)
}

pub(super) async fn set_user(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    AdminBody(standing): AdminBody<Standing>,
) -> Json<UserProfile> {
    let Standing {
        trusted,
        has_subscription,
    } = standing;
    let profile = UserProfile {
        id,
        trusted,
        has_subscription,
    };
    app.catalogue.set_user(profile.clone());
    Json(profile)
}

pub(super) async fn set_station(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    AdminBody(changes): AdminBody<StationChanges>,
) -> Result<Json<StationData>, Reply> {
    if app.catalogue.station(&id).is_none() {
        return Err(station_not_found());
    }
    if changes.next_powerbank_id.as_deref() == Some("") {
        return Err(refused("next_powerbank_id must not be empty"));
    }
    if let Some(tariff_id) = changes.tariff_id {
        app.catalogue.set_station_tariff(&id, tariff_id);
    }
    let station_id = id.clone();
    let stand = move |tables: &mut Tables<'_>| {
        if let Some(available) = changes.available_powerbanks {
            provider::set_stock(tables, &station_id, available)?;
        }
        if let Some(powerbank_id) = &changes.next_powerbank_id {
            provider::force_next_bank(tables, &station_id, powerbank_id)?;
        }
        Ok(())
    };
    app.store.write(stand).await?;
    let station = app.catalogue.station(&id).ok_or_else(station_not_found)?;
    Ok(Json(StationData::of(&app, station)?))
}
