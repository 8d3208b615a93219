//! Reading one of the books page by page, in the order of the rentals' ids.

use crate::error::AuditError;
use std::collections::VecDeque;

/// How many rows are read at once.
pub(crate) const PAGE: usize = 250;

/// One of the three books. Its rows come in the order of their ids, which is the same in all.
pub(crate) trait Source {
    /// What it has of one rental.
    type Row;

    /// The rental's id, `rental-…`.
    fn id(row: &Self::Row) -> String;

    /// Up to [`PAGE`] rows after that of `after`.
    async fn page(&self, after: Option<&str>) -> Result<Vec<Self::Row>, AuditError>;
}

/// The rows of one of the books, of which one page at a time is kept.
pub(crate) struct Pages<S: Source> {
    source: S,
    waiting: VecDeque<(String, S::Row)>,
    after: Option<String>,
    is_last: bool,
}

impl<S: Source> Pages<S> {
    pub(crate) fn of(source: S) -> Self {
        Self {
            source,
            waiting: VecDeque::new(),
            after: None,
            is_last: false,
        }
    }

    /// The id of the next row; none at the end.
    pub(crate) async fn next_id(&mut self) -> Result<Option<&str>, AuditError> {
        if self.waiting.is_empty() && !self.is_last {
            let rows = self.source.page(self.after.as_deref()).await?;
            self.is_last = rows.len() < PAGE;
            self.waiting = rows.into_iter().map(|row| (S::id(&row), row)).collect();
            if let Some((last, _)) = self.waiting.back() {
                self.after = Some(last.clone());
            }
        }
        Ok(self.waiting.front().map(|(id, _)| id.as_str()))
    }

    /// Takes the next row if it is that of `id`.
    pub(crate) fn take(&mut self, id: &str) -> Option<S::Row> {
        let is_next = self.waiting.front().is_some_and(|(next, _)| next == id);
        let taken = if is_next {
            self.waiting.pop_front()
        } else {
            None
        };
        taken.map(|(_, row)| row)
    }
}
