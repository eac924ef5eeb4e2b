//! A slab whose places are 32 bits wide: half the memory wherever a place is kept.

use std::ops::{Index, IndexMut};

use slab::Slab;

/// Entries at places that stay theirs; the place of one that is gone is used again.
pub(crate) struct Table<T>(Slab<T>);

/// A full table grows by an eighth: one that doubled would be half empty when it is largest.
const SPARE: usize = 8;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Slab::new())
    }
}

impl<T> Table<T> {
    /// Puts an entry at the place that [`Table::vacant`] names.
    pub(crate) fn insert(&mut self, entry: T) -> u32 {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / SPARE).max(SPARE));
        }
        narrow(self.0.insert(entry))
    }

    pub(crate) fn vacant(&self) -> u32 {
        narrow(self.0.vacant_key())
    }

    /// Takes an entry out, if there is one.
    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        self.0.try_remove(place as usize)
    }

    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.0.get(place as usize)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.0.get_mut(place as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0.iter().map(|(place, entry)| (narrow(place), entry))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, entry)| entry)
    }
}

/// Like a list's: whoever has a place has it from here, and gives it up with the entry.
impl<T> Index<u32> for Table<T> {
    type Output = T;

    #[inline]
    fn index(&self, place: u32) -> &T {
        &self.0[place as usize]
    }
}

impl<T> IndexMut<u32> for Table<T> {
    #[inline]
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.0[place as usize]
    }
}

/// Limits refuse long before there are four billion.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
