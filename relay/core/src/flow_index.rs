//! From a flow to a place in a table that knows its own flows. Five bytes an
//! entry, so that it stays in a near cache: what it leads to is what a packet needs anyway.

use ahash::RandomState;
use hashbrown::HashTable;

use crate::flow::FlowKey;

/// Makes the hash of a flow, with which every index is asked: one for a packet.
#[derive(Clone)]
pub(crate) struct FlowHasher(RandomState);

/// Of a flow, under keys that nobody else knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FlowHash(u64);

impl FlowHasher {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self(keys)
    }

    #[inline]
    pub(crate) fn hash(&self, flow: &FlowKey) -> FlowHash {
        FlowHash(self.0.hash_one(flow))
    }
}

/// Places by flow. The flows are at the places: whoever asks says what is there.
pub(crate) struct FlowIndex {
    places: HashTable<u32>,
    hasher: FlowHasher,
}

impl FlowIndex {
    pub(crate) fn new(hasher: FlowHasher) -> Self {
        Self { places: HashTable::new(), hasher }
    }

    /// The place of a flow; `is_at` tells whether a place has it.
    #[inline]
    pub(crate) fn find(&self, hash: FlowHash, is_at: impl Fn(u32) -> bool) -> Option<u32> {
        self.places.find(hash.0, |&place| is_at(place)).copied()
    }

    /// Very likely the place of that flow, if it has one. Nothing but the index is looked at.
    #[inline]
    pub(crate) fn guess(&self, hash: FlowHash) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// As [`FlowIndex::find`], for whoever has no hash yet.
    pub(crate) fn look_up(&self, flow: &FlowKey, is_at: impl Fn(u32) -> bool) -> Option<u32> {
        self.find(self.hasher.hash(flow), is_at)
    }

    /// Notes a place; `flow_at` tells the flow of each that was noted. A flow has one place, the
    /// last.
    pub(crate) fn insert(
        &mut self,
        flow: &FlowKey,
        place: u32,
        flow_at: impl Fn(u32) -> Option<FlowKey>,
    ) {
        self.forget(flow, |place| flow_at(place).as_ref() == Some(flow));
        let hasher = &self.hasher;
        let rehash = |&place: &u32| flow_at(place).map_or(0, |flow| hasher.hash(&flow).0);
        self.places.insert_unique(hasher.hash(flow).0, place, rehash);
    }

    /// Forgets the place of a flow, as long as it is that one.
    pub(crate) fn remove(&mut self, flow: &FlowKey, place: u32) {
        self.forget(flow, |noted| noted == place);
    }

    fn forget(&mut self, flow: &FlowKey, is_it: impl Fn(u32) -> bool) {
        let hash = self.hasher.hash(flow).0;
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

    fn index() -> FlowIndex {
        FlowIndex::new(FlowHasher::new(RandomState::with_seeds(1, 2, 3, 4)))
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
        let found = |flow: &FlowKey| index.look_up(flow, |place| flow_at(place) == Some(*flow));
        for (place, flow) in (0..).zip(&flows) {
            assert_eq!(found(flow), Some(place));
        }
        assert_eq!(found(&flow(5_001)), None);
    }

    #[test]
    fn a_flow_leads_to_its_last_place_and_is_forgotten_with_that_one_only() {
        let (mut index, flow) = (index(), flow(1));
        index.insert(&flow, 1, |_| Some(flow));
        index.insert(&flow, 2, |_| Some(flow));
        index.remove(&flow, 1);
        assert_eq!(index.look_up(&flow, |_| true), Some(2));
        index.remove(&flow, 2);
        assert_eq!(index.look_up(&flow, |_| true), None);
    }
}
