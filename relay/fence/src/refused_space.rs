//! Space that no policy can open: it names nobody, everybody, or smuggles another address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::longest_prefix::flattened;
use crate::ranges::{AddressRange, Family};
use crate::{AddressSet, Rule};

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

/// Addresses that are an IPv4 address in another form (RFC 4291 section 2.5.5.2).
pub(crate) const IPV4_MAPPED: Ipv6Net = v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);

/// The rule that always refuses `ip`, if one does.
pub(crate) fn refuses_v4(ip: Ipv4Addr) -> Option<Rule> {
    V4.iter().find(|(block, _)| block.contains(&ip)).map(|&(_, rule)| rule)
}

/// The rule that always refuses `ip`, if one does. IPv4-mapped addresses are not for this function.
pub(crate) fn refuses_v6(ip: Ipv6Addr) -> Option<Rule> {
    if is_isatap(ip) {
        return Some(Rule::Isatap);
    }
    if ip == Ipv6Addr::LOCALHOST {
        return None; // inside ::/96, but a region may list it
    }
    let number = ip.to_bits();
    let holds = |&&(first, last, _): &&(u128, u128, Rule)| first <= number && number <= last;
    V6_ENDS.iter().find(holds).map(|&(_, _, rule)| rule)
}

/// The blocks as first and last address, worked out once: every source is asked about.
const V6_ENDS: [(u128, u128, Rule); V6.len()] = {
    let mut ends = [(0, 0, Rule::Unspecified); V6.len()];
    let mut at = 0;
    while at < V6.len() {
        let (net, rule) = V6[at];
        let first = net.addr().to_bits();
        let hosts = match net.prefix_len() {
            128 => 0,
            length => u128::MAX >> length,
        };
        ends[at] = (first, first | hosts, rule);
        at += 1;
    }
    ends
};

/// The rule that always refuses every address of `net`, if one does.
pub(crate) fn refuses_net(net: IpNet) -> Option<Rule> {
    match net {
        IpNet::V4(net) => V4.iter().find(|(block, _)| block.contains(&net)).map(|&(_, rule)| rule),
        IpNet::V6(net) if net.prefix_len() >= 96 && is_isatap(net.addr()) => Some(Rule::Isatap),
        IpNet::V6(net) => refuses_v6_net(net),
    }
}

/// Whether a prefix says nothing, since no address of it is judged by it.
pub(crate) fn is_never_open(net: IpNet) -> bool {
    refuses_net(net).is_some() || IpNet::from(IPV4_MAPPED).contains(&net)
}

/// All of that space whose bounds are prefixes, which leaves out ISATAP only: in order and apart.
pub(crate) fn ranges() -> Vec<(AddressRange, Rule)> {
    let v4 = V4.iter().map(|&(block, rule)| (IpNet::from(block), Some(rule)));
    let v6 = V6.iter().map(|&(block, rule)| (IpNet::from(block), Some(rule)));
    // Inside ::/96, but a region may list it.
    let localhost = (IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)), None);
    let flat = flattened(v4.chain(v6).chain([localhost]).collect());
    flat.into_iter().filter_map(|(range, rule)| Some((range, rule?))).collect()
}

/// The addresses that no prefix opens: those ranges, and IPv4-mapped addresses, which are judged
/// as IPv4.
pub(crate) fn set() -> AddressSet {
    let mapped = AddressRange::from(IpNet::from(IPV4_MAPPED));
    ranges().into_iter().map(|(range, _)| range).chain([mapped]).collect()
}

fn refuses_v6_net(net: Ipv6Net) -> Option<Rule> {
    if net == Ipv6Net::from(Ipv6Addr::LOCALHOST) {
        return None; // inside ::/96, but a region may list it
    }
    V6.iter().find(|(block, _)| block.contains(&net)).map(|&(_, rule)| rule)
}

/// RFC 5214 section 6.1: "000000ug00000000 0101111011111110" and the IPv4 address; u and g may
/// be anything here, so that neither bit opens a way round.
pub(crate) fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = ip.segments();
    high & !0x0300 == 0 && low == 0x5efe
}

/// Where a range of addresses begins, as a number, if ISATAP addresses are taken from its start.
/// `None` if nothing is left.
pub(crate) fn behind_isatap(family: Family, first: u128, last: u128) -> Option<u128> {
    match family {
        Family::V6 if is_isatap(Ipv6Addr::from_bits(first)) => {
            let of_one_network = u128::from(u32::MAX);
            (first | of_one_network).checked_add(1).filter(|behind| *behind <= last)
        }
        _ => Some(first),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix_len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_len)
}

const fn v6(s: [u16; 8], prefix_len: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = s;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_len)
}
