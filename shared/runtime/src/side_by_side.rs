//! Work that is done side by side.

use crate::step;
use futures::{Stream, StreamExt, stream};

/// Does `work` on every item, on `at_once` of them at a time; what comes of it comes as it is ready.
pub fn side_by_side<T, R, Fut>(
    items: impl IntoIterator<Item = T>,
    at_once: usize,
    work: impl Fn(T) -> Fut,
) -> impl Stream<Item = R>
where
    Fut: Future<Output = R>,
{
    stream::iter(items)
        .map(move |item| branch(work(item)))
        .buffer_unordered(at_once)
}

/// One of several things that a flow does side by side.
pub async fn branch<R>(work: impl Future<Output = R>) -> R {
    let _branch = step::branch();
    work.await
}
