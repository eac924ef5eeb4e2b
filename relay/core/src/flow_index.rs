//! From a flow, or one of our sockets, to a place in a table that knows its own flows. Five bytes an
//! entry, so that it stays in a near cache: what it leads to is what a packet needs anyway.

use std::hash::Hash;

use ahash::RandomState;
use hashbrown::HashTable;

/// Places by key. The keys are at the places: whoever asks says what is there.
pub(crate) struct FlowIndex {
    places: HashTable<u32>,
    keys: RandomState,
}

impl FlowIndex {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self { places: HashTable::new(), keys }
    }

    /// The place of a key; `is_at` tells whether a place has it.
    #[inline]
    pub(crate) fn find<K: Hash>(&self, key: &K, is_at: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.keys.hash_one(key);
        self.places.find(hash, |&place| is_at(place)).copied()
    }

    /// Notes a place; `key_at` tells the key of each that was noted. A key has one place, the last.
    pub(crate) fn insert<K: Hash + Eq>(
        &mut self,
        key: &K,
        place: u32,
        key_at: impl Fn(u32) -> Option<K>,
    ) {
        self.forget(key, |place| key_at(place).as_ref() == Some(key));
        let keys = &self.keys;
        let rehash = |&place: &u32| key_at(place).map_or(0, |key| keys.hash_one(key));
        self.places.insert_unique(keys.hash_one(key), place, rehash);
    }

    /// Forgets the place of a key, as long as it is that one.
    pub(crate) fn remove<K: Hash>(&mut self, key: &K, place: u32) {
        self.forget(key, |noted| noted == place);
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    fn forget<K: Hash>(&mut self, key: &K, is_it: impl Fn(u32) -> bool) {
        let hash = self.keys.hash_one(key);
        if let Ok(entry) = self.places.find_entry(hash, |&place| is_it(place)) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> FlowIndex {
        FlowIndex::new(RandomState::with_seeds(1, 2, 3, 4))
    }

    #[test]
    fn what_was_noted_is_found_however_it_grew() {
        let (mut index, keys): (_, Vec<u32>) = (index(), (0..5_000).map(|n| n * 7).collect());
        for (place, key) in (0..).zip(&keys) {
            index.insert(key, place, |place| keys.get(place as usize).copied());
        }
        for (place, key) in (0..).zip(&keys) {
            assert_eq!(index.find(key, |at| keys[at as usize] == *key), Some(place));
        }
        assert_eq!(index.find(&3, |at| keys[at as usize] == 3), None);
    }

    #[test]
    fn a_key_leads_to_its_last_place_and_is_forgotten_with_that_one_only() {
        let mut index = index();
        let key_at = |_| Some("key");
        index.insert(&"key", 1, key_at);
        index.insert(&"key", 2, key_at);
        index.remove(&"key", 1);
        assert_eq!((index.find(&"key", |_| true), index.len()), (Some(2), 1));
        index.remove(&"key", 2);
        assert_eq!(index.find(&"key", |_| true), None);
    }
}
