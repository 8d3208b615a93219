//! Stations, tariffs, users and configs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::query;
use crate::app::App;
use crate::catalogue::{Location, Station, Tariff, UserProfile};
use crate::provider;
use crate::reply::Reply;
use crate::store::StoreError;

/// A station, as its operator shows it.
#[derive(Serialize)]
pub(super) struct StationData {
    id: String,
    tariff_id: String,
    location: Location,
    available_powerbanks: u64,
}

#[derive(Serialize)]
struct NamedStation {
    name: String,
    #[serde(flatten)]
    data: StationData,
}

impl StationData {
    pub(super) fn of(app: &App, station: Station) -> Result<Self, StoreError> {
        let available = app.store.read(|read| provider::stock(read, &station.id))?;
        Ok(Self {
            id: station.id,
            tariff_id: station.tariff_id,
            location: station.location,
            available_powerbanks: available,
        })
    }
}

pub(super) async fn station_data(
    State(app): State<Arc<App>>,
    uri: Uri,
) -> Result<Json<StationData>, Reply> {
    let station = app.catalogue.station(&required_id(&uri)?);
    let station = station.ok_or_else(station_not_found)?;
    Ok(Json(StationData::of(&app, station)?))
}

pub(super) async fn stations(State(app): State<Arc<App>>) -> Result<Json<Value>, Reply> {
    let mut stations = Vec::new();
    for station in app.catalogue.stations() {
        let name = station.name.clone();
        stations.push(NamedStation {
            name,
            data: StationData::of(&app, station)?,
        });
    }
    Ok(Json(json!({ "stations": stations })))
}

pub(super) async fn tariff(State(app): State<Arc<App>>, uri: Uri) -> Result<Json<Tariff>, Reply> {
    let tariff = app.catalogue.tariff(&required_id(&uri)?);
    let not_found = || Reply::error(StatusCode::NOT_FOUND, "Tariff not found");
    tariff.map(Json).ok_or_else(not_found)
}

pub(super) async fn user_profile(
    State(app): State<Arc<App>>,
    uri: Uri,
) -> Result<Json<UserProfile>, Reply> {
    Ok(Json(app.catalogue.user(&required_id(&uri)?)))
}

pub(super) async fn configs(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.catalogue.configs())
}

pub(super) fn station_not_found() -> Reply {
    Reply::error(StatusCode::NOT_FOUND, "Station not found")
}

fn required_id(uri: &Uri) -> Result<String, Reply> {
    #[derive(Deserialize)]
    struct IdQuery {
        #[serde(default)]
        id: String,
    }
    let IdQuery { id } = query(uri)?;
    if id.is_empty() {
        return Err(Reply::error(
            StatusCode::BAD_REQUEST,
            "Query parameter id is required",
        ));
    }
    Ok(id)
}
