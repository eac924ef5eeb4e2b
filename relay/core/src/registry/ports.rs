//! The ports of relayed addresses. Each is free or used, never both and never neither.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::random::Csprng;

/// Ports of one address.
pub(super) struct PortPool {
    ip: IpAddr,
    first: u16,
    /// In no order.
    free: Vec<u16>,
    /// Where in `free` each port is, from the first port on; [`USED`] for those that are not.
    places: Vec<u32>,
}

const USED: u32 = u32::MAX;

impl PortPool {
    pub(super) fn new(ip: IpAddr, range: &RangeInclusive<u16>) -> Self {
        let free: Vec<u16> = range.clone().collect();
        let places = (0..free.len()).map(|place| u32::try_from(place).unwrap_or(USED)).collect();
        Self { ip, first: *range.start(), free, places }
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.ip
    }

    pub(super) fn free(&self) -> usize {
        self.free.len()
    }

    /// A port that nobody can guess (RFC 8656 section 7.2 asks for a random one).
    pub(super) fn take(&mut self, random: &mut Csprng) -> Option<SocketAddr> {
        let port = *self.free.get(self.anywhere(random))?;
        self.take_exactly(port)
    }

    /// An even port.
    pub(super) fn take_even(&mut self, random: &mut Csprng) -> Option<SocketAddr> {
        let port = self.find(random, |port| port.is_multiple_of(2))?;
        self.take_exactly(port)
    }

    /// An even port and the one above it.
    pub(super) fn take_pair(&mut self, random: &mut Csprng) -> Option<(SocketAddr, SocketAddr)> {
        let above = |port: u16| port.checked_add(1).filter(|&port| self.is_free(port));
        let port = self.find(random, |port| port.is_multiple_of(2) && above(port).is_some())?;
        Some((self.take_exactly(port)?, self.take_exactly(port.checked_add(1)?)?))
    }

    /// A port of ours is free again. One that is free already, or not of this pool, stays as it is.
    pub(super) fn give_back(&mut self, port: u16) {
        let place = u32::try_from(self.free.len()).unwrap_or(USED);
        if let Some(slot @ &mut USED) = self.place_mut(port) {
            *slot = place;
            self.free.push(port);
        }
    }

    /// This port, if it is free.
    pub(super) fn take_exactly(&mut self, port: u16) -> Option<SocketAddr> {
        let slot = self.place_mut(port)?;
        let place = std::mem::replace(slot, USED);
        if place == USED {
            return None;
        }
        self.free.swap_remove(place as usize);
        if let Some(&moved) = self.free.get(place as usize)
            && let Some(slot) = self.place_mut(moved)
        {
            *slot = place;
        }
        Some(SocketAddr::new(self.ip, port))
    }

    /// The first that will do, from a random place on.
    fn find(&self, random: &mut Csprng, will_do: impl Fn(u16) -> bool) -> Option<u16> {
        let (before, after) = self.free.split_at_checked(self.anywhere(random))?;
        after.iter().chain(before).copied().find(|&port| will_do(port))
    }

    fn is_free(&self, port: u16) -> bool {
        let place = port.checked_sub(self.first).and_then(|at| self.places.get(usize::from(at)));
        place.is_some_and(|&place| place != USED)
    }

    fn place_mut(&mut self, port: u16) -> Option<&mut u32> {
        self.places.get_mut(usize::from(port.checked_sub(self.first)?))
    }

    fn anywhere(&self, random: &mut Csprng) -> usize {
        let number = u64::from_be_bytes(random.bytes());
        usize::try_from(number % self.free.len().max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn pool(range: RangeInclusive<u16>) -> (PortPool, Csprng) {
        (PortPool::new([127, 1, 0, 1].into(), &range), Csprng::new([3; 32]))
    }

    #[test]
    fn every_port_is_given_once_and_comes_back() {
        let (mut pool, mut random) = pool(50_000..=50_099);
        for _ in 0..3 {
            let taken: BTreeSet<u16> = std::iter::from_fn(|| pool.take(&mut random))
                .map(|address| address.port())
                .collect();
            assert_eq!(taken, (50_000..=50_099).collect());
            assert_eq!(pool.free(), 0);
            taken.iter().for_each(|&port| pool.give_back(port));
            assert_eq!(pool.free(), 100);
        }
    }

    #[test]
    fn even_ports_and_pairs_are_what_they_say() {
        let (mut pool, mut random) = pool(50_001..=50_008);
        let (even, odd) = pool.take_pair(&mut random).unwrap();
        assert!(even.port() % 2 == 0 && odd.port() == even.port() + 1);
        let evens = std::iter::from_fn(|| pool.take_even(&mut random));
        assert_eq!(evens.filter(|address| address.port() % 2 == 0).count(), 3);
        assert!(pool.take_pair(&mut random).is_none(), "50,008 has nothing above it");
    }

    #[test]
    fn the_last_port_of_all_has_no_pair() {
        let (mut pool, mut random) = pool(65_534..=65_535);
        assert!(pool.take_pair(&mut random).is_some());
        pool.give_back(65_534);
        assert!(pool.take_pair(&mut random).is_none());
    }

    #[test]
    fn what_is_free_or_foreign_is_not_given_back() {
        let (mut pool, mut random) = pool(50_000..=50_001);
        let taken = pool.take(&mut random).unwrap().port();
        for port in [1, 49_999, 50_002, 65_535, taken ^ 1, taken, taken] {
            pool.give_back(port);
        }
        assert_eq!(pool.free(), 2);
    }
}
