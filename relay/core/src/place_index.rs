//! From a key to a place in a table whose entries know their own keys: five bytes each, where a map would
//! hold every key a second time.

use std::hash::Hash;
use std::marker::PhantomData;

use ahash::RandomState;
use hashbrown::HashTable;

/// Places by key. Whoever asks says which key is where.
pub(crate) struct PlaceIndex<K> {
    places: HashTable<u32>,
    keys: RandomState,
    of: PhantomData<fn(K)>,
}

impl<K: Hash + Eq> PlaceIndex<K> {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self { places: HashTable::new(), keys, of: PhantomData }
    }

    pub(crate) fn get(&self, key: &K, key_at: impl Fn(u32) -> Option<K>) -> Option<u32> {
        let is_at = |&place: &u32| key_at(place).as_ref() == Some(key);
        self.places.find(self.keys.hash_one(key), is_at).copied()
    }

    /// Notes a place. A key has one, the last.
    pub(crate) fn insert(&mut self, key: &K, place: u32, key_at: impl Fn(u32) -> Option<K>) {
        if let Some(old) = self.get(key, &key_at) {
            self.remove(key, old);
        }
        let keys = &self.keys;
        let rehash = |&place: &u32| key_at(place).map_or(0, |key| keys.hash_one(key));
        self.places.insert_unique(keys.hash_one(key), place, rehash);
    }

    /// Forgets the place of a key, as long as it is that one.
    pub(crate) fn remove(&mut self, key: &K, place: u32) {
        let hash = self.keys.hash_one(key);
        if let Ok(entry) = self.places.find_entry(hash, |&noted| noted == place) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_to_their_last_places_however_the_index_grew() {
        let mut index = PlaceIndex::new(RandomState::with_seeds(1, 2, 3, 4));
        let key_at = |place: u32| Some(u64::from(place % 5_000));
        for place in 0..10_000 {
            index.insert(&u64::from(place % 5_000), place, key_at);
        }
        for key in 0..5_000_u32 {
            assert_eq!(index.get(&key.into(), key_at), Some(key + 5_000));
        }
        index.remove(&7, 7);
        assert_eq!(index.get(&7, key_at), Some(5_007), "7 had been forgotten before");
        index.remove(&7, 5_007);
        assert_eq!(index.get(&7, key_at), None);
    }
}
