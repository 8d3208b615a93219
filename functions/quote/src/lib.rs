//! An offer: the tariff of the station, the user's profile and the configs, frozen as terms.

use db::Database;
use db_rental::{NewQuote, Quote};
use domain::{Amount, Price, QuoteId, StationId, TariffId, Terms, UserId};
use external::{
    Configs, ConfigsClient, ExternalError, Station, StationsClient, Tariff, TariffsClient,
    UserProfile, UsersClient,
};
use lambda_http::Request;
use runtime::StartError;
use runtime::api::{ApiError, Reply};
use runtime::env::Env;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const LIFETIME: Duration = Duration::from_secs(60);
const DEFAULT_SUBSCRIBER_FREE_PERIOD_MIN: i32 = 30;

/// Makes quotes.
#[derive(Debug)]
pub struct Quotes {
    rentals: Database,
    stations: StationsClient,
    tariffs: TariffsClient,
    users: UsersClient,
    configs: ConfigsClient,
    subscriber_free_period_min: i32,
}

#[derive(Deserialize)]
struct QuoteRequest {
    user_id: UserId,
    station_id: StationId,
}

#[derive(Serialize)]
struct QuoteResponse {
    quote_id: QuoteId,
    price_per_hour: Amount,
    free_period_min: i32,
    deposit: Amount,
    expires_in_sec: u64,
}

impl Quotes {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// When a setting is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let http = runtime::http_client()?;
        Ok(Self {
            rentals: Database::from_env(env, db_rental::DATABASE_URL)?,
            stations: StationsClient::from_env(env, &http)?,
            tariffs: TariffsClient::from_env(env, &http)?,
            users: UsersClient::from_env(env, &http)?,
            configs: ConfigsClient::from_env(env, &http)?,
            subscriber_free_period_min: env.or(
                "SUBSCRIBER_FREE_PERIOD_MIN",
                DEFAULT_SUBSCRIBER_FREE_PERIOD_MIN,
            )?,
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`ApiError`]: 400, 404 for an unknown station, 409 for an empty one, 503.
    pub async fn handle(&self, request: &Request) -> Result<Reply, ApiError> {
        let QuoteRequest {
            user_id,
            station_id,
        } = runtime::http::json_body(request)?;
        let (at_station, profile, configs) = tokio::join!(
            self.station_and_tariff(&station_id),
            self.users.profile_or_greedy(&user_id),
            self.configs.configs_or_defaults(),
        );
        let (station, tariff) = at_station?;
        let terms = terms(tariff, profile, configs, self.subscriber_free_period_min)?;
        let quote = Quote {
            user_id,
            station_id,
            tariff_id: station.tariff_id,
            terms,
        };
        let quote_id = QuoteId::new(runtime::fresh_id());
        let new = NewQuote {
            quote_id,
            quote,
            lifetime: LIFETIME,
        };
        self.rentals
            .statement("insert_quote", async |c| {
                db_rental::insert_quote(c, &new).await
            })
            .await?;
        Reply::ok(&QuoteResponse {
            quote_id,
            price_per_hour: terms.price.price_per_hour(),
            free_period_min: terms.price.free_period_min(),
            deposit: terms.deposit,
            expires_in_sec: LIFETIME.as_secs(),
        })
    }

    async fn station_and_tariff(
        &self,
        station_id: &StationId,
    ) -> Result<(Station, Tariff), ApiError> {
        let station = self
            .stations
            .station(station_id)
            .await
            .map_err(|error| match error {
                ExternalError::NotFound => ApiError::NotFound("Station"),
                ExternalError::Unavailable(why) => unavailable("The station", why),
            })?;
        if station.available_powerbanks <= 0 {
            return Err(ApiError::StationEmpty);
        }
        let tariff = self.tariff(&station.tariff_id).await?;
        Ok((station, tariff))
    }

    async fn tariff(&self, tariff_id: &TariffId) -> Result<Tariff, ApiError> {
        self.tariffs
            .tariff(tariff_id)
            .await
            .map_err(|error| unavailable("The tariff", format!("{tariff_id}: {error}")))
    }
}

fn terms(
    tariff: Tariff,
    profile: UserProfile,
    configs: Configs,
    subscriber_free_period_min: i32,
) -> Result<Terms, ApiError> {
    let price = Price::new(
        tariff.price_per_hour,
        tariff.free_period_min,
        configs.buyout,
    )
    .map_err(|error| unavailable("The tariff", error.to_string()))?;
    let price = if profile.has_subscription {
        price.with_free_period_of_at_least(subscriber_free_period_min)
    } else {
        price
    };
    Ok(Terms {
        price,
        deposit: tariff.deposit,
        trusted: profile.trusted,
        has_subscription: profile.has_subscription,
    })
}

fn unavailable(what: &'static str, why: String) -> ApiError {
    ApiError::Unavailable { what, why }
}
