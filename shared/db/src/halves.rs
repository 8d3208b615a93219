//! One bad row must not hold up its batch.

use crate::error::DbError;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// What became of a batch.
#[derive(Debug)]
pub struct Halved<T, R> {
    /// What `work` returned for the parts that went through.
    pub done: Vec<R>,
    /// The items whose own data is to blame, each with its error: to be set aside.
    pub bad: Vec<(T, DbError)>,
}

/// Does `work`, a transaction, on the whole batch; if the data of it is refused, or makes the work
/// panic, on its halves, until each bad item stands alone.
///
/// # Errors
/// The first [`DbError`] that is no fault of the data; what went through before stays done.
pub async fn in_halves<T: Clone, R>(
    batch: &[T],
    work: impl AsyncFn(&[T]) -> Result<R, DbError>,
) -> Result<Halved<T, R>, DbError> {
    let mut halved = Halved {
        done: Vec::new(),
        bad: Vec::new(),
    };
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        match (unless_it_panics(work(part)).await, part) {
            (Ok(result), _) => halved.done.push(result),
            (Err(error), [alone]) if error.is_fault_of_the_data() => {
                halved.bad.push((alone.clone(), error));
            }
            (Err(error), _) if error.is_fault_of_the_data() => {
                let (left, right) = part.split_at(part.len().div_euclid(2));
                parts.extend([right, left]);
            }
            (Err(error), _) => return Err(error),
        }
    }
    Ok(halved)
}

/// Does `work` on one item, or on a part of a batch. A panic is a defect of this program, but what
/// brings it to light is the item's data: it counts as that item's fault.
///
/// # Errors
/// Whatever `work` returns; [`DbError::Refused`] when it panicked.
pub async fn unless_it_panics<R>(
    work: impl Future<Output = Result<R, DbError>>,
) -> Result<R, DbError> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            Err(DbError::Refused {
                constraint: None,
                why: "the work on it panicked".to_owned(),
            })
        })
}
