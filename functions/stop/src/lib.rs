//! The end of a rental, decided in db-rental at one moment: FINISHED with what is due, or BUYOUT
//! if that moment came first. Nothing is charged here: billing is told, and the tick charges.

mod steps;

pub use steps::StopStep;

use db::{Database, DbError};
use db_rental::{Answered, Endpoint, KeyUse, StopFound, StoppedRental, Written};
use domain::{
    Amount, End, IdempotencyKey, Moment, RentalEvent, RentalId, RentalStatus, Running, StationId,
};
use external::{ExternalError, StationsClient};
use futures::FutureExt;
use lambda_http::Request;
use runtime::StartError;
use runtime::api::{ApiError, Reply};
use runtime::env::Env;
use runtime::http::Served;
use runtime::step::reached;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often a stop is decided that meets others at the same rental.
const TRIES: u32 = 4;

/// Stops rentals.
#[derive(Debug)]
pub struct Stops {
    rentals: Database,
    billing: Database,
    stations: StationsClient,
}

#[derive(Debug, Deserialize, Serialize)]
struct StopRequest {
    rental_id: String,
    station_id: StationId,
}

#[derive(Serialize)]
struct StopResponse {
    rental_id: RentalId,
    status: RentalStatus,
    started_at: Moment,
    finished_at: Moment,
    total_amount: Amount,
    duration_minutes: i64,
}

/// A request to stop, as it came in.
struct Stop {
    rental_id: RentalId,
    station_id: StationId,
    key: IdempotencyKey,
    fingerprint: String,
}

/// A stop that is decided: its answer and, where this request ends the rental, the transition.
struct Decided {
    answer: Reply,
    transition: Option<(Uuid, RentalEvent)>,
}

impl Stops {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// When a setting is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let http = runtime::http_client()?;
        Ok(Self {
            rentals: Database::from_env(env, db_rental::DATABASE_URL)?,
            billing: Database::from_env(env, db_billing::DATABASE_URL)?,
            stations: StationsClient::from_env(env, &http)?,
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`ApiError`]: what is not stored under the key (400, 404, 422, 503).
    pub async fn handle(&self, request: &Request) -> Result<Served, ApiError> {
        let key = runtime::http::header(request, "Idempotency-Key")?;
        let key = IdempotencyKey::parse(key).map_err(ApiError::bad_request)?;
        let body: StopRequest = runtime::http::json_body(request)?;
        let fingerprint = serde_json::to_string(&body).map_err(ApiError::bug)?;
        reached(StopStep::Received).await;
        let Ok(rental_id) = body.rental_id.parse() else {
            let answer = self.answer_without_rental(&key, &fingerprint).await?;
            return Ok(answer.into());
        };
        let stop = Stop {
            rental_id,
            station_id: body.station_id,
            key,
            fingerprint,
        };
        let decided = self.decide(&stop).await?;
        reached(StopStep::Decided).await;
        let (rentals, billing) = (self.rentals.clone(), self.billing.clone());
        let tell = decided.transition.map(|(event_id, event)| async move {
            delivery::copy_at_once(&rentals, &billing, event_id, event).await;
            reached(StopStep::Delivered).await;
        });
        Ok(Served {
            reply: decided.answer,
            afterwards: tell.map(FutureExt::boxed_local),
        })
    }

    async fn find(&self, stop: &Stop) -> Result<Option<StopFound>, DbError> {
        self.rentals
            .statement("stop_find", async |c| {
                db_rental::find_stop(c, &stop.key, stop.rental_id).await
            })
            .await
    }

    /// There is no such rental; the key may have come before with another one.
    async fn answer_without_rental(
        &self,
        key: &IdempotencyKey,
        fingerprint: &str,
    ) -> Result<Reply, ApiError> {
        let used = self
            .rentals
            .statement("stop_key", async |c| {
                db_rental::find_key(c, Endpoint::Stop, key).await
            })
            .await?;
        answered(used, fingerprint)?.ok_or(ApiError::NotFound("Rental"))
    }

    /// An unknown station is refused. One that cannot be asked about is accepted: a user is never
    /// billed for an outage, nor for the time that asking took.
    async fn check_station(&self, station_id: &StationId) -> Result<(), ApiError> {
        match self.stations.station(station_id).await {
            Err(ExternalError::NotFound) => Err(ApiError::NotFound("Station")),
            Ok(_) | Err(ExternalError::Unavailable(_)) => Ok(()),
        }
    }

    /// Ends the rental at the moment at which the request was heard, or finds that it ended before.
    /// Nothing is locked: what is decided is written only if the rental still is as it was read;
    /// otherwise it is read again.
    async fn decide(&self, stop: &Stop) -> Result<Decided, ApiError> {
        let Stop {
            key, fingerprint, ..
        } = stop;
        let mut heard_at = None;
        for _ in 0..TRIES {
            let Some(found) = self.find(stop).await? else {
                return Ok(Decided {
                    answer: self.answer_without_rental(key, fingerprint).await?,
                    transition: None,
                });
            };
            if let Some(answer) = answered(found.used, fingerprint)? {
                return Ok(Decided {
                    answer,
                    transition: None,
                });
            }
            let rental = found.rental.map_err(DbError::from)?;
            if heard_at.is_none() {
                self.check_station(&stop.station_id).await?;
            }
            let heard_at = *heard_at.get_or_insert(found.now);
            match self.write(stop, rental, heard_at).await? {
                Written::Done(decided) => return Ok(decided),
                Written::MovedOn => {}
                Written::KeyTaken => self.free_old_key(key).await?,
            }
        }
        Err(ApiError::Unavailable {
            what: "The service",
            why: "others kept on changing the rental".to_owned(),
        })
    }

    async fn write(
        &self,
        stop: &Stop,
        rental: StoppedRental,
        heard_at: Moment,
    ) -> Result<Written<Decided>, DbError> {
        let StoppedRental {
            event,
            running,
            end,
        } = rental;
        let decided_end = end.unwrap_or_else(|| running.end_at(heard_at));
        let answer = stopped(stop.rental_id, running, decided_end)?;
        let answered = Answered {
            key: &stop.key,
            fingerprint: &stop.fingerprint,
            answer: &answer,
        };
        if end.is_some() {
            let written = self.rentals.statement("stop_answer", async |c| {
                db_rental::answer_stop(c, stop.rental_id, &answered).await
            });
            return Ok(written.await?.map(|()| Decided {
                answer,
                transition: None,
            }));
        }
        let event_id = runtime::fresh_id();
        let ended = event.ended(decided_end);
        let written = self.rentals.statement("stop_end", async |c| {
            db_rental::end_and_answer(c, &ended, &stop.station_id, event_id, &answered).await
        });
        Ok(written.await?.map(|()| Decided {
            answer,
            transition: Some((event_id, ended)),
        }))
    }

    async fn free_old_key(&self, key: &IdempotencyKey) -> Result<(), DbError> {
        self.rentals
            .statement("stop_free_old_key", async |c| {
                db_rental::free_old_key(c, Endpoint::Stop, key).await
            })
            .await
    }
}

/// The stored answer of a key that came before.
fn answered(used: Option<KeyUse>, fingerprint: &str) -> Result<Option<Reply>, ApiError> {
    match used {
        Some(used) if used.fingerprint != fingerprint => Err(ApiError::KeyReused),
        Some(used) => Ok(used.answer),
        None => Ok(None),
    }
}

fn stopped(rental_id: RentalId, running: Running, end: End) -> Result<Reply, DbError> {
    let view = running.view_ended(end);
    let body = serde_json::to_string(&StopResponse {
        rental_id,
        status: view.status,
        started_at: running.started_at,
        finished_at: end.finished_at,
        total_amount: view.total_amount,
        duration_minutes: view.duration_minutes,
    })
    .map_err(|error| DbError::Defect(error.to_string()))?;
    Ok(Reply { status: 200, body })
}
