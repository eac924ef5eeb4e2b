//! Whose a socket is, for sockets that serve one allocation alone.

use ringfence_wire::datagram::LocalSocket;

use super::allocation::AllocationKey;

/// Allocations by their relayed sockets and by their clients' connections. Backends number both from
/// zero and use numbers again, so two lists are shorter than any map, and asked without a hash.
#[derive(Default)]
pub(crate) struct BySocket {
    relayed: Places,
    streams: Places,
}

/// [`NOBODY`], or a place in the table of allocations.
#[derive(Default)]
struct Places {
    places: Vec<AllocationKey>,
    held: usize,
}

const NOBODY: AllocationKey = AllocationKey::MAX;

impl BySocket {
    #[inline]
    pub(crate) fn get(&self, socket: LocalSocket) -> Option<AllocationKey> {
        match socket {
            LocalSocket::Listen(_) => None,
            LocalSocket::Relayed(number) => self.relayed.get(number),
            LocalSocket::Stream(number) => self.streams.get(number),
        }
    }

    /// Notes whose a socket is. One that is listened on is everybody's.
    pub(crate) fn insert(&mut self, socket: LocalSocket, key: AllocationKey) {
        match socket {
            LocalSocket::Listen(_) => {}
            LocalSocket::Relayed(number) => self.relayed.put(number, key),
            LocalSocket::Stream(number) => self.streams.put(number, key),
        }
    }

    pub(crate) fn remove(&mut self, socket: LocalSocket) {
        match socket {
            LocalSocket::Listen(_) => {}
            LocalSocket::Relayed(number) => self.relayed.forget(number),
            LocalSocket::Stream(number) => self.streams.forget(number),
        }
    }

    /// How many sockets are somebody's.
    pub(crate) fn len(&self) -> usize {
        self.relayed.held + self.streams.held
    }
}

impl Places {
    #[inline]
    fn get(&self, number: u32) -> Option<AllocationKey> {
        self.places.get(number as usize).copied().filter(|&key| key != NOBODY)
    }

    fn put(&mut self, number: u32, key: AllocationKey) {
        let at = number as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, NOBODY);
        }
        self.held += usize::from(self.places[at] == NOBODY);
        self.places[at] = key;
    }

    fn forget(&mut self, number: u32) {
        if let Some(place) = self.places.get_mut(number as usize).filter(|place| **place != NOBODY)
        {
            *place = NOBODY;
            self.held -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_socket_is_the_last_one_s_until_it_is_forgotten() {
        let mut sockets = BySocket::default();
        let (relayed, stream) = (LocalSocket::Relayed(7), LocalSocket::Stream(7));
        sockets.insert(relayed, 1);
        sockets.insert(stream, 2);
        sockets.insert(relayed, 3);
        sockets.insert(LocalSocket::Listen(0), 4);
        assert_eq!(
            (sockets.get(relayed), sockets.get(stream), sockets.len()),
            (Some(3), Some(2), 2)
        );
        assert_eq!(sockets.get(LocalSocket::Listen(0)), None);
        [relayed, relayed].into_iter().for_each(|socket| sockets.remove(socket));
        assert_eq!((sockets.get(relayed), sockets.get(stream), sockets.len()), (None, Some(2), 1));
        assert_eq!(sockets.get(LocalSocket::Relayed(u32::MAX)), None);
    }
}
