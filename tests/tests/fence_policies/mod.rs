//! Random policies, and addresses in every form that has ever been used to slip past a fence.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use ipnet::IpNet;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ringfence_fence::draft::{FenceDraft, RegionDraft, SiteDraft};
use ringfence_fence::{Located, PolicyDraft, Role};

/// Prefixes that nest, cover special-purpose blocks, are such blocks, or lie in one.
const PREFIXES: &[&str] = &[
    "0.0.0.0/0",
    "8.0.0.0/8",
    "8.8.0.0/16",
    "8.8.8.8/32",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "127.1.0.0/16",
    "127.1.49.0/24",
    "128.0.0.0/1",
    "169.254.169.254/32",
    "192.0.0.0/8",
    "192.0.0.0/16",
    "192.0.2.0/24",
    "198.18.0.0/16",
    "240.0.0.0/4",
    "::/0",
    "::1/128",
    "64:ff9b::/96",
    "64:ff9b::a00:0/104",
    "64:ff9b:1::/48",
    "100::/63",
    "2000::/3",
    "2001::/16",
    "2001::/23",
    "2001:2::/48",
    "2001:db8::/32",
    "2620::/16",
    "2a00::/16",
    "2a00:1::/32",
    "2a00:6432::/31",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fd00:1::/32",
    "fe80::/10",
    "fe80::/64",
];

/// One of each length, and one out of RFC 8215's block.
const NAT64: &[&str] = &[
    "2a00:6432::/32",
    "2a00:6440:1200::/40",
    "2a00:6448:1::/48",
    "2a00:6456:1:100::/56",
    "2a00:6464:1:1::/64",
    "2a00:6496::/96",
    "64:ff9b:1:96::/96",
];

/// Addresses of the relay's host that the questions are likely to meet, plain and embedded.
const HOST: &[&str] = &["8.8.8.8", "::1", "9.9.1.1", "2a00:6432:808:808::"];

const REGIONS: usize = 5;
const FENCES: usize = 3;

/// A question to the fence.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) role: Role,
    pub(crate) fence: String,
    pub(crate) addr: SocketAddr,
    pub(crate) form: Form,
}

/// A form in which an address may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Ipv4,
    Ipv6,
    Mapped,
    Compatible,
    Siit,
    SixToFour,
    TeredoServer,
    TeredoClient,
    Isatap,
    Nat64WellKnown,
    Nat64LocalUse,
    Nat64Configured,
}

impl Form {
    pub(crate) const ALL: [Self; 12] = [
        Self::Ipv4,
        Self::Ipv6,
        Self::Mapped,
        Self::Compatible,
        Self::Siit,
        Self::SixToFour,
        Self::TeredoServer,
        Self::TeredoClient,
        Self::Isatap,
        Self::Nat64WellKnown,
        Self::Nat64LocalUse,
        Self::Nat64Configured,
    ];

    pub(crate) fn can_be_admitted(self) -> bool {
        use Form::{Ipv4, Ipv6, Mapped, Nat64Configured, Nat64LocalUse, Nat64WellKnown};
        [Ipv4, Ipv6, Mapped, Nat64Configured, Nat64LocalUse, Nat64WellKnown].contains(&self)
    }

    /// Wraps `four` in this form; `six` fills what the form leaves open.
    fn wrap(self, four: Ipv4Addr, six: Ipv6Addr, nat64: IpNet) -> IpAddr {
        let (v4, v6) = (u128::from(u32::from(four)), u128::from(six));
        let low = |bits: u32| v6 & !(u128::MAX << bits);
        let number = match self {
            Self::Ipv4 => return four.into(),
            Self::Ipv6 => v6,
            Self::Mapped => 0xffff << 32 | v4,
            Self::Compatible => v4,
            Self::Siit => 0xffff << 48 | v4,
            Self::SixToFour => 0x2002 << 112 | v4 << 80 | low(80),
            Self::TeredoServer => 0x2001_0000 << 96 | v4 << 64 | low(64),
            Self::TeredoClient => 0x2001_0000 << 96 | low(64) << 32 | (v4 ^ 0xffff_ffff),
            Self::Isatap => v6 >> 64 << 64 | (low(2) << 56) | 0x5efe << 32 | v4,
            Self::Nat64WellKnown => 0x0064_ff9b << 96 | v4,
            Self::Nat64LocalUse => 0x0064_ff9b_0001 << 80 | (low(1) * 0x96) << 64 | v4,
            Self::Nat64Configured => return embed(four, nat64),
        };
        Ipv6Addr::from(number).into()
    }
}

/// RFC 6052 section 2.2: the address behind the prefix, octet 8 left zero.
fn embed(four: Ipv4Addr, prefix: IpNet) -> IpAddr {
    let IpNet::V6(prefix) = prefix else { panic!("NAT64 prefixes are IPv6") };
    let mut octets = prefix.network().octets();
    let behind = (usize::from(prefix.prefix_len() / 8)..16).filter(|&place| place != 8);
    behind.zip(four.octets()).for_each(|(place, octet)| octets[place] = octet);
    Ipv6Addr::from(octets).into()
}

/// A policy without contradictions, and questions to it.
pub(crate) fn case() -> impl Strategy<Value = (PolicyDraft, Vec<Query>)> {
    (policy(), prop::collection::vec(query(), 16))
}

/// One value of a strategy.
pub(crate) fn drawn_from<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// One region that holds all addresses, one fence `all` that admits any region.
pub(crate) fn everywhere() -> PolicyDraft {
    let mut draft = PolicyDraft {
        regions: vec![region("everywhere", nets(&["0.0.0.0/0", "::/0"]))],
        fences: vec![fence("all", vec![vec![name("any")]; 3])],
        host_addresses: Vec::new(),
        nat64: NAT64.iter().map(|net| written(net.parse().unwrap())).collect(),
        ..PolicyDraft::default()
    };
    place_own_site(&mut draft, "everywhere", true);
    draft
}

fn policy() -> impl Strategy<Value = PolicyDraft> {
    (
        prop::collection::vec(0..REGIONS * 2, PREFIXES.len()),
        prop::collection::vec(0..REGIONS * 2, REGIONS),
        prop::collection::vec(list(), FENCES * 3),
        prop::sample::subsequence(NAT64, 0..=NAT64.len()),
        0..REGIONS,
        prop::bool::weighted(0.95),
        any::<bool>(),
        prop::sample::subsequence(HOST, 0..=HOST.len()),
    )
        .prop_map(|(owners, outers, lists, nat64, own_region, stands, reversed, host)| {
            let mut draft = PolicyDraft {
                regions: regions(&owners, &outers),
                fences: lists.chunks(3).zip(0..).map(|(lists, n)| numbered(n, lists)).collect(),
                host_addresses: host.iter().map(|ip| ip.parse().unwrap()).collect(),
                nat64: nat64.iter().map(|net| written(net.parse().unwrap())).collect(),
                ..PolicyDraft::default()
            };
            place_own_site(&mut draft, &format!("region-{own_region}"), stands);
            if reversed {
                draft.regions.reverse();
            }
            draft
        })
}

/// Prefix `i` belongs to region `owners[i]`, or to none; region `i` lies within region
/// `outers[i]` if that has a lower number. Each has a prefix of its own.
fn regions(owners: &[usize], outers: &[usize]) -> Vec<RegionDraft> {
    let one = |region_number: usize| {
        let owned = PREFIXES.iter().zip(owners).filter(|(_, owner)| **owner == region_number);
        let mut cidrs: Vec<_> = owned.flat_map(|(prefix, _)| nets(&[prefix])).collect();
        cidrs.extend(nets(&[&format!("9.9.{region_number}.0/24")]));
        let outer = Some(outers[region_number]).filter(|&outer| outer < region_number);
        let within = outer.map(|outer| name(&format!("region-{outer}")));
        RegionDraft { within, ..region(&format!("region-{region_number}"), cidrs) }
    };
    (0..REGIONS).map(one).collect()
}

/// A list of a fence: `any`, or each region or not, perhaps none.
fn list() -> impl Strategy<Value = Vec<Located<String>>> {
    let some = prop::collection::vec(any::<bool>(), REGIONS).prop_map(|chosen| {
        let numbers = (0..REGIONS).filter(|&number| chosen[number]);
        numbers.map(|number| name(&format!("region-{number}"))).collect()
    });
    prop_oneof![Just(vec![name("any")]), some]
}

fn query() -> impl Strategy<Value = Query> {
    (
        select(&[Role::Client, Role::Peer, Role::Transit][..]),
        0..FENCES,
        select(&Form::ALL[..]),
        near_a_prefix(|net| matches!(net, IpNet::V4(_))),
        near_a_prefix(|net| matches!(net, IpNet::V6(_))),
        select(NAT64),
        prop_oneof![1 => Just(0), 30 => 1..=u16::MAX],
        any::<(u32, u32)>(),
    )
        .prop_map(|(role, fence, form, four, six, nat64, port, (flow, scope))| {
            let (IpAddr::V4(four), IpAddr::V6(six)) = (four, six) else { unreachable!() };
            let addr = match form.wrap(four, six, nat64.parse().unwrap()) {
                IpAddr::V4(ip) => SocketAddr::new(ip.into(), port),
                IpAddr::V6(ip) => SocketAddrV6::new(ip, port, flow, scope).into(),
            };
            Query { role, fence: format!("fence-{fence}"), addr, form }
        })
}

/// An address in one of the prefixes of a family, host bits at random.
fn near_a_prefix(family: fn(&IpNet) -> bool) -> impl Strategy<Value = IpAddr> {
    let nets = PREFIXES.iter().map(|net| net.parse().unwrap()).filter(family);
    (select(nets.collect::<Vec<IpNet>>()), any::<u128>()).prop_map(|(net, noise)| match net {
        IpNet::V4(net) => {
            let noise = u32::try_from(noise >> 96).unwrap();
            Ipv4Addr::from(u32::from(net.network()) | noise & u32::from(net.hostmask())).into()
        }
        IpNet::V6(net) => {
            let host = noise & u128::from(net.hostmask());
            Ipv6Addr::from(u128::from(net.network()) | host).into()
        }
    })
}

fn place_own_site(draft: &mut PolicyDraft, region: &str, stands: bool) {
    draft.own_site = name("here");
    draft.own_addresses = vec![written(IpAddr::from([9, 9, 9, if stands { 9 } else { 129 }]))];
    draft.sites = vec![SiteDraft {
        name: name("here"),
        region: name(region),
        addresses: nets(&["9.9.9.0/25"]),
        enclave: None,
    }];
}

fn numbered(number: usize, lists: &[Vec<Located<String>>]) -> FenceDraft {
    fence(&format!("fence-{number}"), lists.to_vec())
}

fn fence(called: &str, lists: Vec<Vec<Located<String>>>) -> FenceDraft {
    let mut lists = lists.into_iter().map(written);
    let mut next = || lists.next().unwrap();
    FenceDraft {
        name: name(called),
        clients: next(),
        peers: next(),
        transit: next(),
        ..Default::default()
    }
}

fn region(called: &str, cidrs: Vec<Located<IpNet>>) -> RegionDraft {
    RegionDraft { name: name(called), cidrs, ..RegionDraft::default() }
}

fn nets(list: &[&str]) -> Vec<Located<IpNet>> {
    list.iter().map(|net| written(net.parse().unwrap())).collect()
}

fn name(name: &str) -> Located<String> {
    written(name.to_owned())
}

fn written<T>(value: T) -> Located<T> {
    Located { value, origin: ringfence_fence::Origin::default() }
}
