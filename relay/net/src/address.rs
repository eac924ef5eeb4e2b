//! Socket addresses as the kernel writes them.

use std::mem::{offset_of, size_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use libc::{sa_family_t, sockaddr_in, sockaddr_in6, socklen_t};

/// Room for one IPv4 or IPv6 socket address, laid out as in ip(7) and ipv6(7).
///
/// Kept as bytes, so that reading what the kernel wrote needs no unsafe and no trust in its length.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAddress([u8; RawAddress::BYTES as usize]);

#[expect(clippy::cast_possible_truncation, reason = "two small constants")]
const FAMILIES: (sa_family_t, sa_family_t) =
    (libc::AF_INET as sa_family_t, libc::AF_INET6 as sa_family_t);
const V4_BYTES: socklen_t = 16;

impl RawAddress {
    /// Length of the longest address, a `sockaddr_in6`.
    pub(crate) const BYTES: socklen_t = 28;
    pub(crate) const EMPTY: Self = Self([0; Self::BYTES as usize]);

    /// Writes `address` and returns how many bytes of `self` it takes.
    pub(crate) fn encode(&mut self, address: &SocketAddr) -> socklen_t {
        self.0[2..4].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(v4) => self.encode_v4(v4),
            SocketAddr::V6(v6) => self.encode_v6(v6),
        }
    }

    /// Writes `address`: the bytes that the kernel is to read.
    pub(crate) fn written(&mut self, address: &SocketAddr) -> &[u8] {
        let bytes = usize::try_from(self.encode(address)).unwrap_or(0);
        &self.0[..bytes.min(self.0.len())]
    }

    // sin_zero is left as it was: the kernel does not read it.
    fn encode_v4(&mut self, address: &SocketAddrV4) -> socklen_t {
        self.0[0..2].copy_from_slice(&FAMILIES.0.to_ne_bytes());
        self.0[4..8].copy_from_slice(&address.ip().octets());
        V4_BYTES
    }

    fn encode_v6(&mut self, address: &SocketAddrV6) -> socklen_t {
        self.0[0..2].copy_from_slice(&FAMILIES.1.to_ne_bytes());
        self.0[4..8].copy_from_slice(&address.flowinfo().to_ne_bytes());
        self.0[8..24].copy_from_slice(&address.ip().octets());
        self.0[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
        Self::BYTES
    }

    /// Reads an address of which the kernel says that it is `bytes` long; `None` for other families
    /// and for addresses that were cut off.
    pub(crate) fn decode(&self, bytes: socklen_t) -> Option<SocketAddr> {
        let family = sa_family_t::from_ne_bytes(self.array(0));
        if family == FAMILIES.0 && bytes >= V4_BYTES {
            Some(SocketAddr::new(Ipv4Addr::from(self.array::<4>(4)).into(), self.port()))
        } else if family == FAMILIES.1 && bytes >= Self::BYTES {
            Some(SocketAddr::V6(self.decode_v6()))
        } else {
            None
        }
    }

    // The flow label is no part of who a remote is: two of one remote must compare equal.
    fn decode_v6(&self) -> SocketAddrV6 {
        let scope_id = u32::from_ne_bytes(self.array(24));
        SocketAddrV6::new(Ipv6Addr::from(self.array::<16>(8)), self.port(), 0, scope_id)
    }

    fn port(&self) -> u16 {
        u16::from_be_bytes(self.array(2))
    }

    fn array<const N: usize>(&self, from: usize) -> [u8; N] {
        std::array::from_fn(|at| self.0[from + at])
    }
}

// The offsets above are those of the C structures.
const _: () = {
    assert!(size_of::<sockaddr_in>() == V4_BYTES as usize);
    assert!(size_of::<sockaddr_in6>() == RawAddress::BYTES as usize);
    assert!(offset_of!(sockaddr_in, sin_family) == 0 && offset_of!(sockaddr_in6, sin6_family) == 0);
    assert!(offset_of!(sockaddr_in, sin_port) == 2 && offset_of!(sockaddr_in6, sin6_port) == 2);
    assert!(offset_of!(sockaddr_in, sin_addr) == 4);
    assert!(offset_of!(sockaddr_in6, sin6_flowinfo) == 4);
    assert!(offset_of!(sockaddr_in6, sin6_addr) == 8);
    assert!(offset_of!(sockaddr_in6, sin6_scope_id) == 24);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_round_trip() {
        for text in ["127.0.0.1:3478", "255.1.2.3:65535", "[::1]:1", "[fe80::1%7]:9"] {
            let address: SocketAddr = text.parse().unwrap();
            let mut raw = RawAddress::EMPTY;
            let bytes = raw.encode(&address);
            assert_eq!(raw.decode(bytes), Some(address));
        }
    }

    #[test]
    fn a_slot_is_reused_across_families() {
        let mut raw = RawAddress::EMPTY;
        raw.encode(&"[2001:db8::ffff]:7".parse().unwrap());
        let v4 = "127.0.0.9:8".parse().unwrap();
        let bytes = raw.encode(&v4);
        assert_eq!(raw.decode(bytes), Some(v4));
    }

    #[test]
    fn cut_off_and_foreign_addresses_are_no_address() {
        let mut raw = RawAddress::EMPTY;
        assert_eq!(raw.decode(RawAddress::BYTES), None);
        let v4_bytes = raw.encode(&"127.0.0.1:1".parse().unwrap());
        assert_eq!(raw.decode(v4_bytes - 1), None);
        let v6_bytes = raw.encode(&"[::1]:1".parse().unwrap());
        assert_eq!(raw.decode(v6_bytes - 1), None);
    }

    #[test]
    fn the_flow_label_is_not_part_of_the_remote() {
        let labelled = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 5, 0xABC, 0);
        let mut raw = RawAddress::EMPTY;
        let bytes = raw.encode(&SocketAddr::V6(labelled));
        assert_eq!(raw.decode(bytes), Some("[::1]:5".parse().unwrap()));
    }
}
