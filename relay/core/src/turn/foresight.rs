//! Reading ahead for allocations, as for rooms.

use std::hint::black_box;

use arrayvec::ArrayVec;
use ringfence_wire::datagram::LocalSocket;

use super::Turn;
use super::allocation::AllocationKey;
use crate::foresight::Arrival;
use crate::limits::AHEAD_MAX;

/// As many as are looked at together.
type Ahead<T> = ArrayVec<T, AHEAD_MAX>;

impl Turn {
    /// For at most [`AHEAD_MAX`] packets of clients and their peers.
    pub(crate) fn foresee<'a, 'rx: 'a>(&self, arrivals: impl Iterator<Item = &'a Arrival<'rx>>) {
        let place = |one: &Arrival<'_>| match one.flow.local {
            LocalSocket::Listen(_) => self.by_client.guess(one.hash),
            socket => self.at_socket(socket),
        };
        let places: Ahead<AllocationKey> = arrivals.take(AHEAD_MAX).filter_map(place).collect();
        let mut read = 0;
        let mut peers = Ahead::new();
        for one in places.iter().filter_map(|&place| self.allocations.get(place)) {
            read ^= one.traffic.packets_in ^ u64::from(one.relayed.is_empty());
            peers.push((one.channels.first(), one.permissions.first(), one.numbers.first()));
        }
        for (channel, permission, number) in peers {
            let channel = channel.map(|(number, _)| *number);
            let number = number.map(|(_, number)| *number);
            read ^= u64::from(channel == number) ^ u64::from(permission.is_none());
            read ^= u64::from(permission.is_some_and(|(peer, _)| peer.is_ipv4()));
        }
        black_box(read);
    }
}
