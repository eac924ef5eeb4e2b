//! Which message of a queue a destination's next datagram may join.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

/// The last message of each destination, by its number in the queue: an open-addressed table at most
/// half full, so that a search ends, and is short.
pub(super) struct Destinations {
    /// Message number plus one; zero is empty.
    slots: Vec<u16>,
    /// Remote parties choose the addresses, so the places they get are not to be foreseen.
    factors: [u64; 3],
    shift: u32,
    used: bool,
}

/// Where a destination is noted, or would be.
#[derive(Clone, Copy)]
pub(super) struct Slot(usize);

impl Destinations {
    /// Room for that many messages.
    pub(super) fn new(messages_max: usize) -> Self {
        let slots = (2 * messages_max).next_power_of_two();
        let random = |number: u8| RandomState::new().hash_one(number) | 1;
        Self {
            slots: vec![0; slots],
            factors: [random(0), random(1), random(2)],
            shift: u64::BITS - slots.trailing_zeros(),
            used: false,
        }
    }

    /// Where `to` is noted, and its message, if `is` says of one that it goes there.
    pub(super) fn find(
        &self,
        to: &SocketAddr,
        is: impl Fn(usize) -> bool,
    ) -> (Slot, Option<usize>) {
        let mut slot = self.first(to);
        loop {
            let Some(message) = self.slots[slot].checked_sub(1).map(usize::from) else {
                return (Slot(slot), None);
            };
            if is(message) {
                return (Slot(slot), Some(message));
            }
            slot = (slot + 1) % self.slots.len();
        }
    }

    /// From now on this is the destination's last message.
    pub(super) fn note(&mut self, slot: Slot, message: usize) {
        self.slots[slot.0] = u16::try_from(message + 1).unwrap_or(0);
        self.used = true;
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.used) {
            self.slots.fill(0);
        }
    }

    /// Multiplication by random odd factors: two addresses meet no more often than chance has it
    /// (Dietzfelbinger et al., A reliable randomized algorithm for the closest-pair problem, 1997).
    fn first(&self, to: &SocketAddr) -> usize {
        let [high, low, port] = self.factors;
        let port = port.wrapping_mul(u64::from(to.port()));
        let sum = match to {
            SocketAddr::V4(to) => low.wrapping_mul(u64::from(to.ip().to_bits())),
            SocketAddr::V6(to) => {
                let bits = to.ip().to_bits();
                let [above, below] = [bits >> 64, bits & u128::from(u64::MAX)]
                    .map(|half| u64::try_from(half).unwrap_or(0));
                high.wrapping_mul(above).wrapping_add(low.wrapping_mul(below))
            }
        };
        usize::try_from(port.wrapping_add(sum) >> self.shift).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_still_knows_everyone_of_either_family() {
        for ip in ["127.0.0.1", "2001:db8::1"] {
            let mut destinations = Destinations::new(64);
            let to = |number: usize| {
                SocketAddr::new(ip.parse().unwrap(), u16::try_from(number + 1).unwrap())
            };
            for _ in 0..2 {
                for number in 0..64 {
                    let (slot, found) = destinations.find(&to(number), |at| at == number);
                    assert_eq!(found, None);
                    destinations.note(slot, number);
                }
                for number in 0..64 {
                    assert_eq!(destinations.find(&to(number), |at| at == number).1, Some(number));
                }
                destinations.clear();
            }
        }
    }
}
