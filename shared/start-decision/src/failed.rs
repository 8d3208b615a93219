//! No power bank left the station.

use db::{Connection, DbError};
use db_rental::{Lease, Rental};
use domain::HoldStatus;
use runtime::api::Reply;

/// PENDING to FAILED: the quote serves again for what remains of its time. With an answer it is
/// stored under the key; without one the key is free again.
///
/// # Errors
/// [`DbError::Lost`] when the lease is lost.
pub async fn fail(
    connection: &mut Connection,
    lease: Lease,
    hold: HoldStatus,
    answer: Option<&Reply>,
) -> Result<Rental, DbError> {
    let (release_id, event_id) = (runtime::fresh_id(), runtime::fresh_id());
    let rental = db_rental::fail(connection, lease, hold, release_id, event_id).await?;
    match answer {
        Some(answer) => db_rental::answer_start(connection, rental.rental_id, answer).await?,
        None => db_rental::forget_start(connection, rental.rental_id).await?,
    }
    Ok(rental)
}
