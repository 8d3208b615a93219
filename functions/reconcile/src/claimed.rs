//! Work on leased rentals, batch after batch.

use db::DbError;
use db_rental::Lease;
use futures::StreamExt;
use tokio::time::Instant;

/// How many calls are made side by side: a batch whose calls all time out ends before its leases
/// do, and outside systems that do not answer keep the next task waiting no longer than that.
const AT_ONCE: usize = 20;

/// Leases by `claim` until there is nothing left or `done_by` has come, works on each, and counts
/// what became of it. Work that somebody else went on with is theirs.
pub(crate) async fn work_through<F, Fut>(
    done_by: Instant,
    claim: impl AsyncFn() -> Result<Vec<Lease>, DbError>,
    work: impl Fn(Lease) -> Fut,
    mut count: impl FnMut(F),
) -> Result<(), DbError>
where
    Fut: Future<Output = Result<F, DbError>>,
{
    while Instant::now() < done_by {
        let leases = claim().await?;
        if leases.is_empty() {
            break;
        }
        let mut fates = futures::stream::iter(leases)
            .map(&work)
            .buffer_unordered(AT_ONCE);
        while let Some(fate) = fates.next().await {
            match fate {
                Ok(fate) => count(fate),
                Err(DbError::Lost(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
