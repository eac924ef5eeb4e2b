//! Numbers in order, each with what holds from there to the next.

use super::index::Index;
use super::number::Number;

/// A value for every number from the first entry on.
#[derive(Clone, Debug)]
pub(super) struct Line<N, V> {
    /// A number and its value side by side, so that finding one brings the other along.
    entries: Vec<(N, V)>,
    index: Index,
}

impl<N: Number, V: Copy> Line<N, V> {
    /// Of entries in order, no two of one number.
    pub(super) fn new(mut entries: Vec<(N, V)>) -> Self {
        entries.shrink_to_fit();
        let index = Index::new(&entries);
        Self { entries, index }
    }

    /// What holds at a number. `None` before the first entry.
    pub(super) fn at(&self, number: N) -> Option<V> {
        let near = self.index.find(number)?;
        let entries = self.entries.get(near.clone())?;
        let behind = near.start + entries.partition_point(|(start, _)| *start <= number);
        self.entries.get(behind.checked_sub(1)?).map(|&(_, value)| value)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (N, V)> {
        self.entries.iter().copied()
    }
}
