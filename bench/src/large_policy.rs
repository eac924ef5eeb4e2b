//! A policy as large as any that is to be planned and proved: a million prefixes, 50 regions, 500
//! sites, 60 fences, 1000 tenants with three fences each, a fifth of them with two groups.

use std::net::{Ipv4Addr, Ipv6Addr};

use ringfence_fence::draft::{
    ChoiceDraft, FenceDraft, GroupDraft, InvariantDraft, RegionDraft, SiteDraft, TenantDraft,
};
use ringfence_fence::{Located, PolicyDraft};

/// Prefixes of both families.
pub const PREFIXES: u32 = 1_000_000;
const IPV4_PREFIXES: u32 = 700_000;
const REGIONS: u32 = 50;
const SITES: u32 = 500;
const FENCES: u32 = 60;
const TENANTS: u32 = 1_000;
const INVARIANTS: u32 = 100;

/// The home of all tenants.
const HOME: u32 = 0;

/// The policy; every promise holds in it.
pub fn draft() -> PolicyDraft {
    let mut regions: Vec<RegionDraft> = (0..REGIONS).map(region).collect();
    for number in 0..PREFIXES {
        let place = (mixed(number) % REGIONS) as usize;
        regions[place].cidrs.push(plain(prefix(number)));
    }
    PolicyDraft {
        own_site: name("s", 0),
        own_addresses: vec![plain(Ipv4Addr::new(10, 0, 0, 1).into())],
        regions,
        sites: (0..SITES).map(site).collect(),
        fences: (0..FENCES).map(fence).collect(),
        tenants: (0..TENANTS).map(tenant).collect(),
        invariants: (0..INVARIANTS).map(invariant).collect(),
        ..Default::default()
    }
}

/// One prefix of a hundred in another region, and one fence with a region more in each list.
pub fn changed(draft: &PolicyDraft) -> PolicyDraft {
    let mut changed = draft.clone();
    let mut moved = Vec::new();
    for region in &mut changed.regions {
        let mut place = 0;
        region.cidrs.retain(|prefix| {
            place += 1;
            if place % 100 == 0 {
                moved.push(prefix.clone());
            }
            place % 100 != 0
        });
    }
    for (place, prefix) in moved.into_iter().enumerate() {
        let count = changed.regions.len();
        changed.regions[(place * 7 + 1) % count].cidrs.push(prefix);
    }
    let fence = &mut changed.fences[0];
    for list in [&mut fence.clients, &mut fence.peers, &mut fence.transit] {
        list.value.push(name("r", REGIONS / 2 - 1));
    }
    changed
}

fn region(number: u32) -> RegionDraft {
    let inner = number >= 40;
    let within = inner.then(|| name("r", number - 10));
    RegionDraft { name: name("r", number), within, ..Default::default() }
}

/// A /24 in 11.0.0.0 and above, or a /48 in 2a00::/16 and above; no two are neighbours.
fn prefix(number: u32) -> ipnet::IpNet {
    match number.checked_sub(IPV4_PREFIXES) {
        None => {
            let network = Ipv4Addr::from_bits((11 << 24) + ((number * 10) << 8));
            ipnet::Ipv4Net::new_assert(network, 24).into()
        }
        Some(number) => {
            let network = Ipv6Addr::from_bits((0x2a00 << 112) + (u128::from(number) << 82));
            ipnet::Ipv6Net::new_assert(network, 48).into()
        }
    }
}

/// In each region some sites of another enclave.
fn site(number: u32) -> SiteDraft {
    let network = Ipv4Addr::from_bits((10 << 24) + (number << 8));
    SiteDraft {
        name: name("s", number),
        region: name("r", number % REGIONS),
        addresses: vec![plain(ipnet::Ipv4Net::new_assert(network, 24).into())],
        enclave: is_apart(number / REGIONS).then(|| plain("gov".to_owned())),
    }
}

fn is_apart(number: u32) -> bool {
    number % 10 == 9
}

/// Half of the fences are for the lower half of the regions, half for the upper; home is in both.
fn fence(number: u32) -> FenceDraft {
    let half = number % 2 * (REGIONS / 2);
    let list = |salt: u32| -> Vec<u32> {
        let some = half..half + REGIONS / 2 - 1;
        some.filter(|&region| !mixed(number * 64 + region + salt * 4096).is_multiple_of(3))
            .collect()
    };
    let mut transit = list(2);
    transit.push(HOME);
    let named = |regions: Vec<u32>| -> Located<Vec<Located<String>>> {
        plain(regions.into_iter().map(|region| name("r", region)).collect())
    };
    FenceDraft {
        name: name("f", number),
        clients: named(list(0)),
        peers: named(list(1)),
        transit: named(transit),
        ..Default::default()
    }
}

fn tenant(number: u32) -> TenantDraft {
    let fences = (0..3).map(|place| name("f", (number * 3 + place * 7) % FENCES));
    let groups = if number.is_multiple_of(5) { 2 } else { 0 };
    TenantDraft {
        name: name("t", number),
        home: name("r", HOME),
        fences: fences.collect(),
        enclave: is_apart(number).then(|| plain("gov".to_owned())),
        choice: ChoiceDraft::default(),
        locked_to_home: number % 20 == 7,
        groups: (0..groups).map(|place| group(number, place)).collect(),
    }
}

/// Of the regions that every fence might have, some, and home.
fn group(tenant: u32, number: u32) -> GroupDraft {
    let others =
        (1..REGIONS).filter(|&region| mixed(tenant * 64 + region + number).is_multiple_of(2));
    let require = others.chain([HOME]).map(|region| name("r", region)).collect();
    let locked = tenant % 20 == 7;
    let require = (!locked).then(|| plain(require));
    GroupDraft { name: name("g", number), choice: ChoiceDraft { require, prefer: Vec::new() } }
}

/// Clients of the lower half are not carried in the upper one.
fn invariant(number: u32) -> InvariantDraft {
    let half = REGIONS / 2;
    InvariantDraft {
        name: name("promise-", number),
        clients: vec![name("r", 1 + number % (half - 1))],
        peers: if number.is_multiple_of(3) { vec![name("r", 2)] } else { Vec::new() },
        never_transit: vec![name("r", half + number % (half - 1))],
    }
}

fn name(kind: &str, number: u32) -> Located<String> {
    plain(format!("{kind}{number}"))
}

fn plain<T>(value: T) -> Located<T> {
    Located { value, origin: Default::default() }
}

/// A number that looks random.
fn mixed(number: u32) -> u32 {
    let mixed = (number ^ (number >> 16)).wrapping_mul(0x7feb_352d);
    (mixed ^ (mixed >> 15)).wrapping_mul(0x846c_a68b) >> 8
}
