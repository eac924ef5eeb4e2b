//! From a key to a place in a table whose entries know their own keys. Five bytes an entry, so that it
//! stays in a near cache, where a map would hold every key a second time: what it leads to is what a
//! packet needs anyway.

use std::hash::Hash;
use std::marker::PhantomData;

use ahash::RandomState;
use hashbrown::HashTable;

/// Makes the hash of a key, under keys of its own that nobody else knows. Indexes of one maker share
/// the hashes that it made: one for a packet.
#[derive(Clone)]
pub(crate) struct Hashing(RandomState);

/// Of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct KeyHash(u64);

impl KeyHash {
    /// Of what is not looked up.
    pub(crate) const NONE: Self = Self(0);
}

impl Hashing {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self(keys)
    }

    #[inline]
    pub(crate) fn hash(&self, key: &impl Hash) -> KeyHash {
        KeyHash(self.0.hash_one(key))
    }
}

/// Places by key. The keys are at the places: whoever asks says what is there.
pub(crate) struct PlaceIndex<K> {
    places: HashTable<u32>,
    hashing: Hashing,
    of: PhantomData<fn(K)>,
}

impl<K: Hash + Eq> PlaceIndex<K> {
    pub(crate) fn new(hashing: Hashing) -> Self {
        Self { places: HashTable::new(), hashing, of: PhantomData }
    }

    /// The place of the key with that hash; `is_at` tells whether a place has it.
    #[inline]
    pub(crate) fn find(&self, hash: KeyHash, is_at: impl Fn(u32) -> bool) -> Option<u32> {
        self.places.find(hash.0, |&place| is_at(place)).copied()
    }

    /// Very likely the place of that key, if it has one. Nothing but the index is looked at.
    #[inline]
    pub(crate) fn guess(&self, hash: KeyHash) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// The place of a key; `key_at` tells whose each place is.
    pub(crate) fn get(&self, key: &K, key_at: impl Fn(u32) -> Option<K>) -> Option<u32> {
        self.look_up(key, |place| key_at(place).as_ref() == Some(key))
    }

    /// As [`PlaceIndex::find`], for whoever has no hash yet.
    pub(crate) fn look_up(&self, key: &K, is_at: impl Fn(u32) -> bool) -> Option<u32> {
        self.find(self.hashing.hash(key), is_at)
    }

    /// Notes a place. A key has one, the last.
    pub(crate) fn insert(&mut self, key: &K, place: u32, key_at: impl Fn(u32) -> Option<K>) {
        self.forget(key, |noted| key_at(noted).as_ref() == Some(key));
        let hashing = &self.hashing;
        let rehash = |&place: &u32| key_at(place).map_or(0, |key| hashing.hash(&key).0);
        self.places.insert_unique(hashing.hash(key).0, place, rehash);
    }

    /// Forgets the place of a key, as long as it is that one.
    pub(crate) fn remove(&mut self, key: &K, place: u32) {
        self.forget(key, |noted| noted == place);
    }

    fn forget(&mut self, key: &K, is_it: impl Fn(u32) -> bool) {
        let hash = self.hashing.hash(key).0;
        if let Ok(entry) = self.places.find_entry(hash, |&place| is_it(place)) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use ringfence_wire::datagram::LocalSocket;

    use super::*;
    use crate::flow::FlowKey;

    fn index() -> PlaceIndex<FlowKey> {
        PlaceIndex::new(Hashing::new(RandomState::with_seeds(1, 2, 3, 4)))
    }

    /// Of both families, some of which differ in their socket only.
    fn flow(number: u32) -> FlowKey {
        let port = 4_000 + (number % 7) as u16;
        let remote = match number % 2 {
            0 => SocketAddr::from((std::net::Ipv4Addr::from_bits(number / 8), port)),
            _ => SocketAddr::from((std::net::Ipv6Addr::from_bits((number / 8).into()), port)),
        };
        FlowKey { remote, local: LocalSocket::Listen((number % 8) as u8) }
    }

    #[test]
    fn what_was_noted_is_found_however_it_grew() {
        let (mut index, flows) = (index(), (0..5_000).map(flow).collect::<Vec<_>>());
        let flow_at = |place: u32| flows.get(place as usize).copied();
        for (place, flow) in (0..).zip(&flows) {
            index.insert(flow, place, flow_at);
        }
        for (place, flow) in (0..).zip(&flows) {
            assert_eq!(index.get(flow, flow_at), Some(place));
        }
        assert_eq!(index.get(&flow(5_001), flow_at), None);
    }

    #[test]
    fn a_key_leads_to_its_last_place_and_is_forgotten_with_that_one_only() {
        let (mut index, flow) = (index(), flow(1));
        index.insert(&flow, 1, |_| Some(flow));
        index.insert(&flow, 2, |_| Some(flow));
        index.remove(&flow, 1);
        assert_eq!(index.get(&flow, |_| Some(flow)), Some(2));
        index.remove(&flow, 2);
        assert_eq!(index.get(&flow, |_| Some(flow)), None);
    }
}
