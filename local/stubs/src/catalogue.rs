//! What the outside systems know: stations, tariffs, users, configs. It starts
//! as `catalogue.json`; what tests override lives until the process ends.

use std::collections::BTreeMap;
use std::sync::RwLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::lock;

/// The built-in file.
#[derive(Deserialize)]
pub(crate) struct Contents {
    tariffs: Vec<Tariff>,
    pub(crate) users: Vec<User>,
    pub(crate) stations: Vec<Station>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Station {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tariff_id: String,
    pub(crate) location: Location,
    /// The opening stock; what a station holds now is in the store.
    pub(crate) available_powerbanks: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Location {
    lat: f64,
    lon: f64,
}

/// Any whole numbers: tests also set prices that make no sense.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tariff {
    pub(crate) id: String,
    pub(crate) price_per_hour: i64,
    pub(crate) free_period_min: i64,
    pub(crate) deposit: i64,
}

#[derive(Deserialize)]
pub(crate) struct User {
    #[serde(flatten)]
    pub(crate) profile: UserProfile,
    /// The opening balance; what a user has now is in the store.
    pub(crate) balance: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UserProfile {
    pub(crate) id: String,
    pub(crate) trusted: bool,
    pub(crate) has_subscription: bool,
}

impl Contents {
    pub(crate) fn built_in() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("catalogue.json"))
    }
}

pub(crate) struct Catalogue {
    /// In the file's order, which is the order `/stations` shows.
    stations: RwLock<Vec<Station>>,
    tariffs: RwLock<BTreeMap<String, Tariff>>,
    users: RwLock<BTreeMap<String, UserProfile>>,
    configs: RwLock<Map<String, Value>>,
}

impl Catalogue {
    pub(crate) fn new(contents: Contents, billing_tick_sec: u32) -> Self {
        let tariffs = contents.tariffs.into_iter();
        let users = contents.users.into_iter();
        Self {
            stations: RwLock::new(contents.stations),
            tariffs: RwLock::new(tariffs.map(|tariff| (tariff.id.clone(), tariff)).collect()),
            users: RwLock::new(
                users
                    .map(|user| (user.profile.id.clone(), user.profile))
                    .collect(),
            ),
            configs: RwLock::new(opening_configs(billing_tick_sec)),
        }
    }

    pub(crate) fn stations(&self) -> Vec<Station> {
        lock::read(&self.stations).clone()
    }

    pub(crate) fn station(&self, id: &str) -> Option<Station> {
        lock::read(&self.stations)
            .iter()
            .find(|station| station.id == id)
            .cloned()
    }

    pub(crate) fn set_station_tariff(&self, station_id: &str, tariff_id: String) {
        let mut stations = lock::write(&self.stations);
        if let Some(station) = stations.iter_mut().find(|station| station.id == station_id) {
            station.tariff_id = tariff_id;
        }
    }

    pub(crate) fn tariff(&self, id: &str) -> Option<Tariff> {
        lock::read(&self.tariffs).get(id).cloned()
    }

    pub(crate) fn set_tariff(&self, tariff: Tariff) {
        lock::write(&self.tariffs).insert(tariff.id.clone(), tariff);
    }

    /// Whoever is not listed is an ordinary, trusted user.
    pub(crate) fn user(&self, id: &str) -> UserProfile {
        let listed = lock::read(&self.users).get(id).cloned();
        listed.unwrap_or_else(|| UserProfile {
            id: id.to_owned(),
            trusted: true,
            has_subscription: false,
        })
    }

    pub(crate) fn set_user(&self, profile: UserProfile) {
        lock::write(&self.users).insert(profile.id.clone(), profile);
    }

    pub(crate) fn configs(&self) -> Value {
        Value::Object(lock::read(&self.configs).clone())
    }

    pub(crate) fn set_configs(&self, configs: Map<String, Value>) {
        *lock::write(&self.configs) = configs;
    }
}

fn opening_configs(billing_tick_sec: u32) -> Map<String, Value> {
    Map::from_iter([
        ("R_BUYOUT".to_owned(), json!(5000)),
        ("BILLING_TICK_SEC".to_owned(), json!(billing_tick_sec)),
        ("DEBT_CHARGE_STEP".to_owned(), json!(100)),
    ])
}
