//! The IANA special-purpose address registries, less what [`crate::refused_space`] refuses anyway.
//!
//! A block opens only where a region lists it, or a part of it: `0.0.0.0/0` does not open 10.0.0.1.
//! Blocks that the registries call globally reachable (AS112, AMT) are here too: they hold services
//! that nobody calls from. No block contains another.
//! Source: registries iana-ipv4-special-registry and iana-ipv6-special-registry (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::Rule;

pub(crate) const BLOCKS: [(IpNet, Rule); 29] = [
    (v4(10, 0, 0, 0, 8), Rule::Private),                 // RFC 1918
    (v4(172, 16, 0, 0, 12), Rule::Private),              // RFC 1918
    (v4(192, 168, 0, 0, 16), Rule::Private),             // RFC 1918
    (v4(100, 64, 0, 0, 10), Rule::SharedAddress),        // RFC 6598
    (v4(127, 0, 0, 0, 8), Rule::Loopback),               // RFC 1122 section 3.2.1.3
    (v4(169, 254, 0, 0, 16), Rule::LinkLocal),           // RFC 3927
    (v4(192, 0, 0, 0, 24), Rule::SpecialPurpose),        // RFC 6890: IETF protocol assignments
    (v4(192, 31, 196, 0, 24), Rule::SpecialPurpose),     // RFC 7535: AS112
    (v4(192, 52, 193, 0, 24), Rule::SpecialPurpose),     // RFC 7450: AMT
    (v4(192, 88, 99, 0, 24), Rule::SpecialPurpose),      // RFC 7526: 6to4 relay anycast
    (v4(192, 175, 48, 0, 24), Rule::SpecialPurpose),     // RFC 7534: AS112
    (v4(192, 0, 2, 0, 24), Rule::Documentation),         // RFC 5737
    (v4(198, 51, 100, 0, 24), Rule::Documentation),      // RFC 5737
    (v4(203, 0, 113, 0, 24), Rule::Documentation),       // RFC 5737
    (v4(198, 18, 0, 0, 15), Rule::Benchmarking),         // RFC 2544
    (v4(240, 0, 0, 0, 4), Rule::SpecialPurpose),         // RFC 1112 section 4: reserved
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Rule::Loopback), // RFC 4291 section 2.5.3
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Rule::SpecialPurpose), // RFC 6052: NAT64
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Rule::SpecialPurpose), // RFC 8215: NAT64
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Rule::SpecialPurpose), // RFC 6666: discard
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), Rule::SpecialPurpose), // RFC 9780: dummy prefix
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Rule::SpecialPurpose), // RFC 2928: IETF assignments
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Rule::Documentation), // RFC 3849
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Rule::Documentation), // RFC 9637
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Rule::SpecialPurpose), // RFC 7534: AS112
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Rule::SpecialPurpose), // RFC 9602: segment routing
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Rule::UniqueLocal), // RFC 4193
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Rule::LinkLocal), // RFC 4291 section 2.5.6
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Rule::SpecialPurpose), // RFC 3879: site-local
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix_len: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix_len)
}

const fn v6(s: [u16; 8], prefix_len: u8) -> IpNet {
    let [a, b, c, d, e, f, g, h] = s;
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix_len)
}
