//! The first transaction: the key is looked up, the quote consumed, the first intent committed.

use crate::{StartRequest, StartStep, Starts};
use db::{Connection, DbError};
use db_rental::{Endpoint, KeyUse, Lease, NewRental, Rental};
use domain::{IdempotencyKey, QuoteId, RentalId};
use runtime::api::{ApiError, Reply};
use runtime::step::reached;

/// How a request begins.
pub(crate) enum Begun {
    /// It was answered before: the same bytes again.
    Answered(Reply),
    /// There is a PENDING rental, new or left by a request that died, and a lease on it.
    Pending(Box<Rental>, Lease),
}

impl Starts {
    pub(crate) async fn begin(
        &self,
        key: &IdempotencyKey,
        body: &StartRequest,
    ) -> Result<Begun, ApiError> {
        reached(StartStep::Received).await;
        let fingerprint = serde_json::to_string(body).map_err(ApiError::bug)?;
        let begun = self
            .rentals
            .tx("start_begin", async |connection| {
                let (used, _) = db_rental::find_key(connection, Endpoint::Start, key).await?;
                match used {
                    Some(used) => resume(connection, used, &fingerprint).await,
                    None => consume_quote(connection, key, &body.quote_id, &fingerprint).await,
                }
            })
            .await??;
        if matches!(begun, Begun::Pending(..)) {
            reached(StartStep::Begun).await;
        }
        Ok(begun)
    }

    /// What the request with this key was answered by whoever took it over; in flight until then.
    pub(crate) async fn answer_of_another(&self, key: &IdempotencyKey) -> Result<Reply, ApiError> {
        let (used, _) = self
            .rentals
            .statement("start_answer", async |connection| {
                db_rental::find_key(connection, Endpoint::Start, key).await
            })
            .await?;
        used.and_then(|used| used.answer).ok_or(ApiError::InFlight)
    }
}

/// The key came before: with another request, answered, still running, or left by one that died.
async fn resume(
    connection: &mut Connection,
    used: KeyUse,
    fingerprint: &str,
) -> Result<Result<Begun, ApiError>, DbError> {
    if used.fingerprint != fingerprint {
        return Ok(Err(ApiError::KeyReused));
    }
    if let Some(answer) = used.answer {
        return Ok(Ok(Begun::Answered(answer)));
    }
    let rental = locked(connection, used.rental_id).await?;
    if let Some(forgetful) = who_may_have_forgotten(&rental) {
        return Ok(Err(ApiError::Unavailable {
            what: forgetful,
            why: format!("{} is too old to be asked about", rental.rental_id),
        }));
    }
    let lease = Lease {
        rental_id: used.rental_id,
        token: runtime::fresh_id(),
    };
    match db_rental::take_over(connection, lease).await {
        Ok(()) => pending(connection, lease).await,
        Err(DbError::Lost(_)) => Ok(Err(ApiError::InFlight)),
        Err(error) => Err(error),
    }
}

/// Whoever may have forgotten the key under which this start asked last. They would deny what they
/// did and do it again: a second power bank, a second hold.
fn who_may_have_forgotten(rental: &Rental) -> Option<&'static str> {
    if rental.eject.is_none() && rental.hold_is_left_to_a_person() {
        return Some("The payment provider");
    }
    rental.eject_is_left_to_a_person().then_some("The station")
}

/// The key is new: the quote must be known, in time and free.
async fn consume_quote(
    connection: &mut Connection,
    key: &IdempotencyKey,
    quote_id: &str,
    fingerprint: &str,
) -> Result<Result<Begun, ApiError>, DbError> {
    let Ok(quote_id) = quote_id.parse::<QuoteId>() else {
        return Ok(Err(ApiError::NotFound("Quote")));
    };
    let Some(stored) = db_rental::find_quote(connection, quote_id).await? else {
        return Ok(Err(ApiError::NotFound("Quote")));
    };
    if stored.is_expired {
        return Ok(Err(ApiError::QuoteExpired));
    }
    let needs_hold = !stored.quote.terms.deposit.is_zero();
    let rental_id = RentalId::new(runtime::fresh_id());
    let lease = Lease {
        rental_id,
        token: runtime::fresh_id(),
    };
    let new = NewRental {
        lease,
        quote_id,
        quote: &stored.quote,
        hold_id: needs_hold.then(runtime::fresh_id),
        eject_id: (!needs_hold).then(runtime::fresh_id),
    };
    if !db_rental::insert_pending(connection, &new).await? {
        return Ok(Err(who_was_first(connection, key).await?));
    }
    db_rental::insert_key(
        connection,
        Endpoint::Start,
        key,
        fingerprint,
        rental_id,
        None,
    )
    .await?;
    pending(connection, lease).await
}

/// The quote was consumed while this request waited: by its own twin, or by another one.
async fn who_was_first(
    connection: &mut Connection,
    key: &IdempotencyKey,
) -> Result<ApiError, DbError> {
    let (used, _) = db_rental::find_key(connection, Endpoint::Start, key).await?;
    Ok(if used.is_some() {
        ApiError::InFlight
    } else {
        ApiError::QuoteAlreadyUsed
    })
}

async fn pending(
    connection: &mut Connection,
    lease: Lease,
) -> Result<Result<Begun, ApiError>, DbError> {
    let rental = locked(connection, lease.rental_id).await?;
    Ok(Ok(Begun::Pending(Box::new(rental), lease)))
}

async fn locked(connection: &mut Connection, rental_id: RentalId) -> Result<Rental, DbError> {
    db_rental::lock_rental(connection, rental_id)
        .await?
        .ok_or(DbError::Lost("the rental is gone"))
}
