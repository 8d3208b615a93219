//! Work on leased rentals, batch after batch.

use crate::answers::Answers;
use db::DbError;
use db_rental::Lease;
use domain::RentalId;
use futures::StreamExt;
use tokio::time::Instant;

/// How many calls are made side by side: a batch whose calls all time out ends before its leases
/// do.
pub(crate) const AT_ONCE: usize = 20;

/// Leases by `claim` until there is nothing left or `done_by` has come, works on each, and counts
/// what became of it, or that its own data is bad, also where that made the work panic. Work that
/// somebody else went on with is theirs.
///
/// A batch of which the outside system answered nothing (`None`) is the last.
pub(crate) async fn work_through<F, Fut>(
    done_by: Instant,
    claim: impl AsyncFn() -> Result<Vec<Lease>, DbError>,
    work: impl Fn(Lease) -> Fut,
    mut count: impl FnMut(RentalId, Result<Option<F>, DbError>),
) -> Result<(), DbError>
where
    Fut: Future<Output = Result<Option<F>, DbError>>,
{
    while Instant::now() < done_by {
        let mut leases = claim().await?;
        leases.sort_unstable_by_key(|lease| lease.rental_id);
        if leases.is_empty() {
            break;
        }
        let mut answers = Answers::default();
        let mut fates = runtime::side_by_side(leases, AT_ONCE, async |lease: Lease| {
            (lease.rental_id, db::unless_it_panics(work(lease)).await)
        });
        while let Some((rental_id, fate)) = fates.next().await {
            if let Ok(fate) = &fate {
                answers.note(fate.is_some());
            }
            match fate {
                Err(DbError::Lost(_)) => {}
                // Its lease keeps it away until the next reconcile, and the others go on.
                Err(error) if !error.is_fault_of_the_data() => return Err(error),
                fate => count(rental_id, fate),
            }
        }
        if answers.nobody_is_there() {
            break;
        }
    }
    Ok(())
}
