//! Numbers in order, each with what holds from there to the next.

use super::index::{Index, NEAR, Place};
use super::number::Number;

/// A value for every number from the first entry on.
#[derive(Clone, Debug)]
pub(super) struct Line<N, V> {
    /// A number and its value side by side, so that finding one brings the other along. Behind the
    /// last there are more of it, so that [`NEAR`] can be looked at from everywhere.
    entries: Vec<(N, V)>,
    length: usize,
    index: Index,
}

impl<N: Number, V: Copy> Line<N, V> {
    /// Of entries in order, no two of one number.
    pub(super) fn new(mut entries: Vec<(N, V)>) -> Self {
        let index = Index::new(&entries);
        let length = entries.len();
        if let Some(&last) = entries.last() {
            entries.reserve_exact(NEAR);
            entries.resize(length + NEAR, last);
        }
        entries.shrink_to_fit();
        Self { entries, length, index }
    }

    /// What holds at a number. `None` before the first entry.
    #[inline]
    pub(super) fn at(&self, number: N) -> Option<V> {
        match self.index.find(number)? {
            Place::Near(from) => {
                let near: &[(N, V); NEAR] = self.entries.get(from as usize..)?.first_chunk()?;
                last_not_above(near.iter().filter(|(start, _)| *start <= number).count(), near)
            }
            Place::Far { from, count } => {
                let from = from as usize;
                let far = self.entries.get(from..from + usize::from(count))?;
                last_not_above(far.partition_point(|(start, _)| *start <= number), far)
            }
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (N, V)> {
        self.entries.iter().copied().take(self.length)
    }
}

/// The value of the last of the first `count`.
fn last_not_above<N, V: Copy>(count: usize, entries: &[(N, V)]) -> Option<V> {
    entries.get(count.checked_sub(1)?).map(|&(_, value)| value)
}
