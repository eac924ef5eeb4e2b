//! The addresses of the small worlds, and sets of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// A set of samples, one bit each, in the order of [`SAMPLES`].
pub(super) type Samples = u128;

/// Every address of a few small blocks; of larger ones as many as tell all prefixes apart.
pub(super) static SAMPLES: LazyLock<Vec<IpAddr>> = LazyLock::new(|| {
    let v4 = (0..16).map(|host| IpAddr::from([127, 0, 0, host]));
    let v6 = (0..8).map(|host| six([0x2a00, 0, 0, 0, 0, 0, 0, host]));
    let well_known = (0..16).map(|host| six([0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, host]));
    let configured = (0..16).map(|host| six([0x2a0a, 0x64, 0, 0, 0, 0, 0x7f00, host]));
    let short = (0..16).map(|host| six([0x2a0b, 0x64, 0, 0, 0x7f, 0, host << 8, 0]));
    let with_suffix = (0..4).map(|host| six([0x2a0b, 0x64, 0, 0, 0x7f, 0, (host << 10) | 0xff, 9]));
    let malformed = (0..8).map(|host| six([0x2a0b, 0x64, 0, 0, 0x17f, 0, host << 8, 0]));
    let wrapped = well_known.chain(configured).chain(short).chain(with_suffix);
    v4.chain(v6).chain(wrapped).chain(malformed).collect()
});

/// Where the samples of 127.0.0.0/28 are, which are all of its addresses.
pub(super) const V4: std::ops::Range<usize> = 0..16;
/// Where the samples of 2a00::/125 are, which are all of its addresses.
pub(super) const V6: std::ops::Range<usize> = 16..24;

/// Whether a host may have this sample as its own: of what is left of its block, if anything is, there
/// is another sample.
pub(super) fn may_be_own(sample: usize) -> bool {
    sample < 56 || (72..76).contains(&sample)
}

/// Prefixes that regions have. None holds an IPv4 address, or one of 2a00::/16, that is no sample.
pub(super) const PREFIXES: &[&str] = &[
    "127.0.0.0/28",
    "127.0.0.0/29",
    "127.0.0.8/29",
    "127.0.0.0/30",
    "127.0.0.4/30",
    "127.0.0.8/30",
    "127.0.0.12/30",
    "127.0.0.6/31",
    "127.0.0.5/32",
    "127.0.0.9/32",
    "2a00::/125",
    "2a00::/126",
    "2a00::4/126",
    "2a00::5/128",
    "64:ff9b::/96",
    "64:ff9b::7f00:0/124",
    "64:ff9b::7f00:4/126",
    "64:ff9b::7f00:9/128",
    "2a0a:64::7f00:0/124",
    "2a0a:64::7f00:8/125",
    "2a0b:64::/64",
    "2a0b:64:0:0:7f::/100",
    "2a0b:64:0:0:7f:0:400:0/102",
];

/// Prefixes that no two regions share, for those that would have none.
pub(super) const FILLERS: &[&str] =
    &["2a00::1/128", "2a00::2/128", "2a00::3/128", "2a00::6/128", "2a00::7/128"];

fn six(segments: [u16; 8]) -> IpAddr {
    Ipv6Addr::from(segments).into()
}

/// An address as a number, and the number of bits of its family.
pub(super) fn number(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

/// Whether the first `length` bits of both are the same.
pub(super) fn begins_with(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let ((a, bits), (b, other_bits)) = (number(ip), number(network));
    let behind = bits.saturating_sub(length.into());
    bits == other_bits && (behind == 128 || a >> behind == b >> behind)
}

/// The IPv4 address in a NAT64 address, as RFC 6052 section 2.2 draws it for these two lengths.
/// `None` if the octet that must be zero is not.
pub(super) fn embedded(ip: IpAddr, prefix_length: u8) -> Option<IpAddr> {
    let IpAddr::V6(ip) = ip else { return None };
    let o = ip.octets();
    let four = match prefix_length {
        96 => [o[12], o[13], o[14], o[15]],
        64 => [o[9], o[10], o[11], o[12]],
        other => panic!("the small worlds have no NAT64 prefixes of length {other}"),
    };
    (o[8] == 0).then(|| Ipv4Addr::from(four).into())
}
