//! The end of a rental, decided in db-rental at one moment: FINISHED with what is due, or BUYOUT
//! if that moment came first. Nothing is charged here: billing is told, and the tick charges.

mod steps;

pub use steps::StopStep;

use db::{Connection, Database, DbError};
use db_rental::{Endpoint, KeyUse, Rental};
use domain::{Amount, IdempotencyKey, Moment, RentalEvent, RentalId, RentalStatus, StationId};
use external::{ExternalError, StationsClient};
use lambda_http::Request;
use runtime::StartError;
use runtime::api::{ApiError, Reply};
use runtime::env::Env;
use runtime::step::reached;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

/// A stop that is decided: its answer and, where this request ended the rental, the transition.
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
    pub async fn handle(&self, request: &Request) -> Result<Reply, ApiError> {
        let key = runtime::http::header(request, "Idempotency-Key")?;
        let key = IdempotencyKey::parse(key).map_err(ApiError::bad_request)?;
        let body: StopRequest = runtime::http::json_body(request)?;
        let fingerprint = serde_json::to_string(&body).map_err(ApiError::bug)?;
        reached(StopStep::Received).await;
        let (used, received_at) = self
            .rentals
            .statement("stop_received", async |c| {
                db_rental::find_key(c, Endpoint::Stop, &key).await
            })
            .await?;
        if let Some(answer) = answered(used, &fingerprint)? {
            return Ok(answer);
        }
        self.check_station(&body.station_id).await?;
        let decided = self
            .rentals
            .tx("stop_decide", async |connection| {
                decide(connection, &key, &fingerprint, &body, received_at).await
            })
            .await??;
        reached(StopStep::Decided).await;
        if let Some((event_id, event)) = decided.transition {
            delivery::copy_inline(&self.rentals, &self.billing, event_id, event).await;
        }
        reached(StopStep::Delivered).await;
        Ok(decided.answer)
    }

    /// An unknown station is refused. One that cannot be asked about is accepted: a user is never
    /// billed for an outage, nor for the time that asking took.
    async fn check_station(&self, station_id: &StationId) -> Result<(), ApiError> {
        match self.stations.station(station_id).await {
            Err(ExternalError::NotFound) => Err(ApiError::NotFound("Station")),
            Ok(_) | Err(ExternalError::Unavailable(_)) => Ok(()),
        }
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

/// Ends the rental, or finds that it ended before, and stores the answer. Two requests with one
/// key meet at the rental's lock: the second waits for the first and then reads its answer.
async fn decide(
    connection: &mut Connection,
    key: &IdempotencyKey,
    fingerprint: &str,
    body: &StopRequest,
    received_at: Moment,
) -> Result<Result<Decided, ApiError>, DbError> {
    let Ok(rental_id) = body.rental_id.parse::<RentalId>() else {
        return Ok(Err(ApiError::NotFound("Rental")));
    };
    let Some(rental) = db_rental::lock_rental(connection, rental_id).await? else {
        return Ok(Err(ApiError::NotFound("Rental")));
    };
    // Asked again under the lock: a twin may have been answered meanwhile.
    let (used, _) = db_rental::find_key(connection, Endpoint::Stop, key).await?;
    match answered(used, fingerprint) {
        Ok(Some(answer)) => {
            return Ok(Ok(Decided {
                answer,
                transition: None,
            }));
        }
        Ok(None) => {}
        Err(refused) => return Ok(Err(refused)),
    }
    let Some(running) = rental.running() else {
        return Ok(Err(ApiError::NotFound("Rental")));
    };
    let (rental, transition) = match rental.end {
        Some(_) => (rental, None),
        None => {
            let end = running.end_at(received_at);
            let event_id = runtime::fresh_id();
            let returned_to = Some(&body.station_id);
            let ended = db_rental::end(connection, rental, end, returned_to, event_id).await?;
            let event = ended.event();
            (ended, Some((event_id, event)))
        }
    };
    let answer = Reply {
        status: 200,
        body: stopped(&rental)?,
    };
    db_rental::insert_key(
        connection,
        Endpoint::Stop,
        key,
        fingerprint,
        rental_id,
        Some(&answer),
    )
    .await?;
    Ok(Ok(Decided { answer, transition }))
}

fn stopped(rental: &Rental) -> Result<String, DbError> {
    let (Some(running), Some(end)) = (rental.running(), rental.end) else {
        return Err(DbError::Defect(
            "an ended rental without start or end".to_owned(),
        ));
    };
    let view = running.view_ended(end);
    serde_json::to_string(&StopResponse {
        rental_id: rental.rental_id,
        status: view.status,
        started_at: running.started_at,
        finished_at: end.finished_at,
        total_amount: view.total_amount,
        duration_minutes: view.duration_minutes,
    })
    .map_err(|error| DbError::Defect(error.to_string()))
}
