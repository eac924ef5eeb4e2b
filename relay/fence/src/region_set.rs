//! A set of regions, one bit each.

use crate::RegionId;

/// A set of regions. A region beyond its end is not in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct RegionSet {
    words: Box<[u64]>,
}

impl RegionSet {
    /// The empty set, with room for `regions` of them.
    pub(crate) fn with_room_for(regions: usize) -> Self {
        Self { words: vec![0; regions.div_ceil(64)].into() }
    }

    /// Does nothing for a region beyond the room that was asked for: it stays out.
    pub(crate) fn insert(&mut self, region: RegionId) {
        if let Some(word) = self.words.get_mut(region.index() / 64) {
            *word |= bit(region);
        }
    }

    /// What is in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b);
        Self { words: words.collect() }
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words.iter().zip(others).all(|(own, other)| own & !other == 0)
    }

    /// Whether something is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Its regions, in the order of their handles.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RegionId> {
        let all = (0..self.words.len() * 64).filter_map(RegionId::from_index);
        all.filter(|&region| self.contains(region))
    }

    pub(crate) fn contains(&self, region: RegionId) -> bool {
        self.words.get(region.index() / 64).is_some_and(|word| word & bit(region) != 0)
    }
}

fn bit(region: RegionId) -> u64 {
    1 << (region.index() % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_nothing_else() {
        let region = |index| RegionId::from_index(index).unwrap();
        let mut set = RegionSet::with_room_for(130);
        for index in [0, 63, 64, 129] {
            set.insert(region(index));
        }
        let held: Vec<_> = (0..300).filter(|&index| set.contains(region(index))).collect();
        assert_eq!(held, [0, 63, 64, 129]);
    }
}
