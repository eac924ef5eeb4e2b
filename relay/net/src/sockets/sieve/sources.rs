//! A set of sources as bits, a bit for each hash.

use std::net::{IpAddr, SocketAddr};

/// With so many leaves a program has 3,100 instructions, of BPF_MAXINSNS = 4096.
pub(super) const LEAVES_LOG2_MAX: u32 = 10;

/// Words of an address and one for the port.
pub(super) const FACTORS: usize = 5;

/// Bits, 32 to a leaf.
pub(super) struct Sources {
    pub(super) leaves: Vec<u32>,
    /// Odd; the last is the port's.
    pub(super) factors: [u32; FACTORS],
    /// Of the hash's 32 bits, so many at the top are the place.
    pub(super) place_bits: u32,
    /// Whether they are IPv6 addresses; a socket has either.
    pub(super) v6: bool,
}

/// Bits of a leaf.
pub(super) const LEAF_BITS: u32 = u32::BITS;

impl Sources {
    pub(super) fn new(leaves_log2: u32, v6: bool, factors: [u32; FACTORS]) -> Self {
        let place_bits = leaves_log2 + LEAF_BITS.ilog2();
        Self { leaves: vec![0; 1 << leaves_log2], factors, place_bits, v6 }
    }

    /// Sources of the other family are not added: their packets come by another socket.
    pub(super) fn add(&mut self, source: &SocketAddr) {
        if source.is_ipv6() != self.v6 {
            return;
        }
        let place = self.place(source);
        let leaf = usize::try_from(place / LEAF_BITS).unwrap_or(0);
        self.leaves[leaf] |= 1 << (place % LEAF_BITS);
    }

    /// Multiplication by random odd factors, of which the top bits count: two sources meet at most
    /// twice as often as chance has it (Dietzfelbinger et al., A reliable randomized algorithm for the
    /// closest-pair problem, 1997).
    fn place(&self, source: &SocketAddr) -> u32 {
        let [a, b, c, d, port] = self.factors;
        let sum = match source.ip() {
            IpAddr::V4(ip) => a.wrapping_mul(ip.to_bits()),
            IpAddr::V6(ip) => {
                let word = |at: u32| (ip.to_bits() >> (96 - 32 * at) & 0xffff_ffff) as u32;
                [a, b, c, d].into_iter().zip(0..).fold(0, |sum: u32, (factor, at)| {
                    sum.wrapping_add(factor.wrapping_mul(word(at)))
                })
            }
        };
        let sum = sum.wrapping_add(port.wrapping_mul(u32::from(source.port())));
        sum >> (u32::BITS - self.place_bits)
    }
}
