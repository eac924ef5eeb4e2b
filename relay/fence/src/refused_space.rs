//! Space that no policy can open: it names nobody, everybody, or smuggles another address.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::Rule;

const V4: [(Ipv4Net, Rule); 3] = [
    (v4(0, 0, 0, 0, 8), Rule::Unspecified), // RFC 791 section 3.2
    (v4(224, 0, 0, 0, 4), Rule::Multicast), // RFC 1112 section 4
    (v4(255, 255, 255, 255, 32), Rule::Broadcast), // RFC 919 section 7
];

const V6: [(Ipv6Net, Rule); 6] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Rule::Unspecified), // RFC 4291 section 2.5.2
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), Rule::Ipv4Compatible), // RFC 4291 section 2.5.5.1
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), Rule::Siit),    // RFC 2765 section 2.1
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Rule::Teredo),  // RFC 4380 section 2.6
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Rule::SixToFour), // RFC 3056 section 2
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Rule::Multicast), // RFC 4291 section 2.7
];

/// The rule that always refuses `ip`, if one does.
pub(crate) fn refuses_v4(ip: Ipv4Addr) -> Option<Rule> {
    V4.iter().find(|(block, _)| block.contains(&ip)).map(|&(_, rule)| rule)
}

/// The rule that always refuses `ip`, if one does. IPv4-mapped addresses are not for this function.
pub(crate) fn refuses_v6(ip: Ipv6Addr) -> Option<Rule> {
    if is_isatap(ip) {
        return Some(Rule::Isatap);
    }
    refuses_v6_net(Ipv6Net::from(ip))
}

/// The rule that always refuses every address of `net`, if one does.
pub(crate) fn refuses_net(net: IpNet) -> Option<Rule> {
    match net {
        IpNet::V4(net) => V4.iter().find(|(block, _)| block.contains(&net)).map(|&(_, rule)| rule),
        IpNet::V6(net) if net.prefix_len() >= 96 && is_isatap(net.addr()) => Some(Rule::Isatap),
        IpNet::V6(net) => refuses_v6_net(net),
    }
}

fn refuses_v6_net(net: Ipv6Net) -> Option<Rule> {
    if net == Ipv6Net::from(Ipv6Addr::LOCALHOST) {
        return None; // inside ::/96, but a region may list it
    }
    V6.iter().find(|(block, _)| block.contains(&net)).map(|&(_, rule)| rule)
}

/// RFC 5214 section 6.1: "000000ug00000000 0101111011111110" and the IPv4 address; u and g may
/// be anything here, so that neither bit opens a way round.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = ip.segments();
    high & !0x0300 == 0 && low == 0x5efe
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix_len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_len)
}

const fn v6(s: [u16; 8], prefix_len: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = s;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_len)
}
