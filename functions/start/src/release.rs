//! The release of a hold whose release is intended.

use crate::StartStep;
use db::Database;
use db_rental::Rental;
use domain::{HoldStatus, Intent, Outcome};
use external::PaymentsClient;
use runtime::step::reached;

/// Releases the hold of a rental that is RELEASING and notes that it is released; does nothing
/// for any other. What cannot be done now, reconcile does. Returns whether the hold is released.
pub async fn release_hold(rentals: &Database, payments: &PaymentsClient, rental: &Rental) -> bool {
    let (HoldStatus::Releasing, Some(mut intent)) = (rental.hold.status, rental.hold.release)
    else {
        return false;
    };
    let mut outcome = payments
        .release(intent, &rental.user_id, rental.rental_id)
        .await;
    reached(StartStep::ReleaseCalled).await;
    if matches!(outcome, Outcome::Expired | Outcome::Declined)
        && let Some(renewed) = renew(rentals, rental, intent).await
    {
        intent = renewed;
        outcome = payments
            .release(intent, &rental.user_id, rental.rental_id)
            .await;
        reached(StartStep::ReleaseCalled).await;
    }
    if outcome != Outcome::Succeeded {
        tracing::warn!(rental_id = %rental.rental_id, ?outcome, "the hold is not released yet");
        return false;
    }
    let noted = rentals
        .statement("hold_released", async |connection| {
            db_rental::hold_released(connection, rental.rental_id, intent.id).await
        })
        .await;
    if let Err(error) = &noted {
        tracing::warn!(rental_id = %rental.rental_id, %error, "the release is not noted yet");
    }
    noted.is_ok()
}

/// The provider never saw the request in time, or refused it, and will say so for ever under this
/// key: the next request goes under a new one. Releasing what is released already does no harm.
async fn renew(rentals: &Database, rental: &Rental, spent: Intent) -> Option<Intent> {
    let renewed = rentals
        .statement("release_renew", async |connection| {
            let release_id = runtime::fresh_id();
            db_rental::renew_release(connection, rental.rental_id, spent.id, release_id).await
        })
        .await;
    renewed
        .inspect_err(|error| {
            tracing::warn!(rental_id = %rental.rental_id, %error, "the release is not renewed yet");
        })
        .ok()
}
