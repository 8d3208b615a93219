//! The beginning: the key is looked up, the quote consumed, the first intent committed.

use crate::{StartRequest, StartStep, Starts};
use db::{Connection, DbError};
use db_rental::{Endpoint, KeyUse, Lease, NewRental, Quote, Rental, Written};
use domain::{IdempotencyKey, QuoteId, RentalId};
use runtime::api::{ApiError, Reply};
use runtime::step::reached;

/// How often a start is begun that meets others at the same quote.
const TRIES: u32 = 4;

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
        let begun = match body.quote_id.parse() {
            Ok(quote_id) => self.begin_by(key, quote_id, &fingerprint).await?,
            Err(_) => self.begin_without_quote(key, &fingerprint).await?,
        };
        if matches!(begun, Begun::Pending(..)) {
            reached(StartStep::Begun).await;
        }
        Ok(begun)
    }

    /// Nothing is locked: what is decided is written only if the quote still is free, and the key
    /// new; otherwise they are read again.
    async fn begin_by(
        &self,
        key: &IdempotencyKey,
        quote_id: QuoteId,
        fingerprint: &str,
    ) -> Result<Begun, ApiError> {
        let lease = Lease {
            rental_id: RentalId::new(runtime::fresh_id()),
            token: runtime::fresh_id(),
        };
        for _ in 0..TRIES {
            let found = self.rentals.statement("start_find", async |c| {
                db_rental::find_start(c, key, quote_id).await
            });
            let Some(found) = found.await? else {
                return self.begin_without_quote(key, fingerprint).await;
            };
            match found.used {
                // It was begun, and that was not heard.
                Some(used) if used.rental_id == lease.rental_id => return self.begun(lease).await,
                Some(used) => return self.resume(used, fingerprint).await,
                None if found.is_expired => return Err(ApiError::QuoteExpired),
                None if found.serves_a_rental => return Err(ApiError::QuoteAlreadyUsed),
                None => {}
            }
            let quote = found.quote.map_err(DbError::from)?;
            let new = new_rental(lease, quote_id, &quote, key, fingerprint);
            let written = self.rentals.statement("start_begin", async |c| {
                db_rental::insert_pending(c, &new).await
            });
            match written.await {
                Ok(Written::Done(rental)) => return Ok(Begun::Pending(Box::new(rental), lease)),
                Ok(Written::MovedOn) => {}
                Ok(Written::KeyTaken) => self.free_old_key(key).await?,
                Err(error) => {
                    // Whether it was begun is not known.
                    self.park(lease).await;
                    return Err(error.into());
                }
            }
        }
        Err(ApiError::Unavailable {
            what: "The service",
            why: "others kept on taking the quote or the key".to_owned(),
        })
    }

    async fn begun(&self, lease: Lease) -> Result<Begun, ApiError> {
        let rental = self.rentals.statement("start_begun", async |c| {
            db_rental::find_rental(c, lease.rental_id).await
        });
        let rental = rental.await?.ok_or(DbError::Lost("the rental is gone"))?;
        Ok(Begun::Pending(Box::new(rental), lease))
    }

    async fn free_old_key(&self, key: &IdempotencyKey) -> Result<(), DbError> {
        self.rentals
            .statement("start_free_old_key", async |c| {
                db_rental::free_old_key(c, Endpoint::Start, key).await
            })
            .await
    }

    /// There is no such quote, or not any more; the key may have come before.
    async fn begin_without_quote(
        &self,
        key: &IdempotencyKey,
        fingerprint: &str,
    ) -> Result<Begun, ApiError> {
        let used = self
            .rentals
            .statement("start_key", async |c| {
                db_rental::find_key(c, Endpoint::Start, key).await
            })
            .await?;
        match used {
            Some(used) => self.resume(used, fingerprint).await,
            None => Err(ApiError::NotFound("Quote")),
        }
    }

    /// The key came before: with another request, answered, still running, or left by one that
    /// died.
    async fn resume(&self, used: KeyUse, fingerprint: &str) -> Result<Begun, ApiError> {
        if used.fingerprint != fingerprint {
            return Err(ApiError::KeyReused);
        }
        if let Some(answer) = used.answer {
            return Ok(Begun::Answered(answer));
        }
        self.rentals
            .tx("start_resume", async |connection| {
                take_over(connection, used.rental_id).await
            })
            .await?
    }

    /// What the request with this key was answered by whoever took it over; in flight until then.
    pub(crate) async fn answer_of_another(&self, key: &IdempotencyKey) -> Result<Reply, ApiError> {
        let used = self
            .rentals
            .statement("start_answer", async |connection| {
                db_rental::find_key(connection, Endpoint::Start, key).await
            })
            .await?;
        used.and_then(|used| used.answer).ok_or(ApiError::InFlight)
    }
}

/// With the intent of the first call: the hold's, or the eject's where there is nothing to hold.
fn new_rental<'a>(
    lease: Lease,
    quote_id: QuoteId,
    quote: &'a Quote,
    key: &'a IdempotencyKey,
    fingerprint: &'a str,
) -> NewRental<'a> {
    let needs_hold = !quote.terms.deposit.is_zero();
    NewRental {
        lease,
        quote_id,
        quote,
        key,
        fingerprint,
        hold_id: needs_hold.then(runtime::fresh_id),
        eject_id: (!needs_hold).then(runtime::fresh_id),
    }
}

/// Takes over what a request left that died, unless somebody works on it.
async fn take_over(
    connection: &mut Connection,
    rental_id: RentalId,
) -> Result<Result<Begun, ApiError>, DbError> {
    let rental = locked(connection, rental_id).await?;
    if let Some(forgetful) = who_may_have_forgotten(&rental) {
        return Ok(Err(ApiError::Unavailable {
            what: forgetful,
            why: format!("{rental_id} is too old to be asked about"),
        }));
    }
    let lease = Lease {
        rental_id,
        token: runtime::fresh_id(),
    };
    match db_rental::take_over(connection, lease).await {
        Ok(()) => {
            let rental = locked(connection, rental_id).await?;
            Ok(Ok(Begun::Pending(Box::new(rental), lease)))
        }
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

async fn locked(connection: &mut Connection, rental_id: RentalId) -> Result<Rental, DbError> {
    db_rental::lock_rental(connection, rental_id)
        .await?
        .ok_or(DbError::Lost("the rental is gone"))
}
