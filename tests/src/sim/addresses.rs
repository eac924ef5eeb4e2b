//! Random addresses, in every form that has ever been used to slip past a fence.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use ipnet::{IpNet, Ipv6Net};

use super::dice::Dice;
use super::drafts::{NAT64, PREFIXES};

/// A random endpoint address near the prefixes that the random policies are made of. Plain ones are
/// as frequent as all the others together.
pub fn random(dice: &mut Dice) -> SocketAddr {
    let port = if dice.percent(1) { 0 } else { 1024 + dice.word().to_be_bytes()[0] as u16 };
    match random_ip(dice) {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), port),
        IpAddr::V6(ip) => {
            let scope = if ip.is_unicast_link_local() { 2 } else { 0 };
            SocketAddrV6::new(ip, port, 0, scope).into()
        }
    }
}

/// The form in which the relay and its endpoints tell addresses apart: IPv4-mapped folded.
pub fn folded(address: SocketAddr) -> SocketAddr {
    match (address.ip().to_canonical(), address) {
        (IpAddr::V6(ip), SocketAddr::V6(v6)) => {
            SocketAddrV6::new(ip, v6.port(), 0, v6.scope_id()).into()
        }
        (ip, _) => SocketAddr::new(ip, address.port()),
    }
}

fn random_ip(dice: &mut Dice) -> IpAddr {
    let four = near(dice, |net| matches!(net, IpNet::V4(_)));
    let six = near(dice, |net| matches!(net, IpNet::V6(_)));
    let (IpAddr::V4(four), IpAddr::V6(six)) = (four, six) else {
        unreachable!("each was drawn from its own family")
    };
    match dice.below(16) {
        0..=5 => four.into(),
        6..=8 => six.into(),
        form => wrapped(form, four, six, dice),
    }
}

/// `four` inside an IPv6 address; `six` fills what the form leaves open.
fn wrapped(form: usize, four: Ipv4Addr, six: Ipv6Addr, dice: &mut Dice) -> IpAddr {
    let (v4, v6) = (u128::from(u32::from(four)), u128::from(six));
    let low = |bits: u32| v6 & !(u128::MAX << bits);
    let number = match form {
        9 | 10 => 0xffff << 32 | v4, // IPv4-mapped
        11 => v4,                    // IPv4-compatible
        12 => 0xffff << 48 | v4,     // SIIT
        13 if dice.percent(50) => 0x2002 << 112 | v4 << 80 | low(80), // 6to4
        13 => 0x2001_0000 << 96 | low(64) << 32 | (v4 ^ 0xffff_ffff), // Teredo
        14 => v6 >> 64 << 64 | (low(2) << 56) | 0x5efe << 32 | v4, // ISATAP
        _ if dice.percent(40) => 0x0064_ff9b << 96 | v4, // NAT64, well-known
        _ if dice.percent(30) => 0x0064_ff9b_0001 << 80 | v4, // NAT64, local use
        _ => return embedded(four, dice), // NAT64, configured
    };
    Ipv6Addr::from(number).into()
}

/// RFC 6052 section 2.2: the address behind the prefix, octet 8 left zero.
fn embedded(four: Ipv4Addr, dice: &mut Dice) -> IpAddr {
    let prefix: Ipv6Net = dice.pick(NAT64).parse().expect("a prefix");
    let mut octets = prefix.network().octets();
    let behind = (usize::from(prefix.prefix_len() / 8)..16).filter(|&place| place != 8);
    behind.zip(four.octets()).for_each(|(place, octet)| octets[place] = octet);
    Ipv6Addr::from(octets).into()
}

/// An address in one of the prefixes of a family, host bits at random.
fn near(dice: &mut Dice, family: fn(&IpNet) -> bool) -> IpAddr {
    let nets = PREFIXES.iter().map(|net| net.parse().expect("a prefix"));
    let net = dice.pick_from(nets.filter(family)).expect("both families are there");
    let noise = u128::from(dice.number()) << 64 | u128::from(dice.number());
    match net {
        IpNet::V4(net) => {
            let noise = u32::try_from(noise >> 96).unwrap_or_default();
            Ipv4Addr::from(u32::from(net.network()) | noise & u32::from(net.hostmask())).into()
        }
        IpNet::V6(net) => {
            let host = noise & u128::from(net.hostmask());
            Ipv6Addr::from(u128::from(net.network()) | host).into()
        }
    }
}
