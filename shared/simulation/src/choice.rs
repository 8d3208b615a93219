//! Numbers that choose among what is there.

/// One of them, whatever the number.
pub(crate) fn pick<T>(from: &[T], choice: usize) -> Option<&T> {
    from.get(choice.checked_rem(from.len())?)
}

/// A number below `by`; 0 when there is none.
pub(crate) fn rest(number: usize, by: usize) -> usize {
    number.checked_rem(by).unwrap_or_default()
}
