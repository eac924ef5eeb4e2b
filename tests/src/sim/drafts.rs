//! Policies to simulate with: the small world of loopback, and random ones.

use std::net::IpAddr;

use ipnet::IpNet;
use ringfence_fence::draft::{
    ChoiceDraft, FenceDraft, GroupDraft, RegionDraft, SiteDraft, TenantDraft,
};
use ringfence_fence::{Located, Origin, PolicyDraft, RoomRegions};

use super::dice::Dice;

/// Prefixes that nest, cover special-purpose blocks, are such blocks, or lie in one.
pub const PREFIXES: &[&str] = &[
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
    "198.18.0.0/16",
    "::/0",
    "::1/128",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2000::/3",
    "2001::/16",
    "2001:db8::/32",
    "2a00::/16",
    "2a00:6432::/31",
    "fc00::/7",
    "fd00:1::/32",
    "fe80::/10",
];

/// One NAT64 prefix of each kind of length, and one out of RFC 8215's block.
pub const NAT64: &[&str] = &[
    "2a00:6432::/32",
    "2a00:6448:1::/48",
    "2a00:6464:1:1::/64",
    "2a00:6496::/96",
    "64:ff9b:1:96::/96",
];

const REGIONS: usize = 4;
const FENCES: usize = 3;

/// DESIGN's small world: europe, united-states, china and a germany within europe; the relay stands
/// in europe; tenant `acme` may use the fences `eu-only` and `not-china`.
pub fn small_world() -> PolicyDraft {
    let mut draft = PolicyDraft {
        regions: vec![
            region("europe", &["127.1.0.0/16", "2001:db8:1::/48"]),
            region("united-states", &["127.2.0.0/16"]),
            region("china", &["127.3.0.0/16"]),
            region("germany", &["127.1.49.0/24"]),
        ],
        sites: vec![SiteDraft {
            name: name("fra1"),
            region: name("europe"),
            addresses: nets(&["127.1.0.0/24"]),
            enclave: None,
        }],
        fences: vec![
            fence("eu-only", &["europe"], &["europe"]),
            fence("not-china", &["europe", "united-states"], &["europe"]),
        ],
        tenants: vec![tenant("acme", "europe", &["eu-only", "not-china"])],
        own_site: name("fra1"),
        own_addresses: vec![written(IpAddr::from([127, 1, 0, 1]))],
        host_addresses: Vec::new(),
        nat64: Vec::new(),
        ..Default::default()
    };
    draft.regions[3].within = Some(name("europe"));
    draft
}

/// A policy of random regions and fences. Fence `fence-N` is the only one of tenant `tenant-N`.
pub fn random(dice: &mut Dice) -> PolicyDraft {
    let owners: Vec<usize> = PREFIXES.iter().map(|_| dice.below(REGIONS * 2)).collect();
    let mut draft = PolicyDraft {
        regions: (0..REGIONS).map(|n| random_region(n, &owners, dice)).collect(),
        ..PolicyDraft::default()
    };
    draft.nat64 = NAT64
        .iter()
        .filter(|_| dice.percent(40))
        .map(|net| written(net.parse().expect("a prefix")))
        .collect();
    let own_region = dice.below(REGIONS);
    place_own_site(&mut draft, &region_name(own_region), !dice.percent(2));
    for number in 0..FENCES {
        add_fence(&mut draft, number, own_region, dice);
    }
    draft
}

/// What the host of a room in a random policy leaves out, beside what it does already; home stays.
pub fn random_regions(draft: &PolicyDraft, before: &RoomRegions, dice: &mut Dice) -> RoomRegions {
    let own = &draft.sites[0].region.value;
    let mut refuse = before.refuse.clone();
    let more = (0..REGIONS).filter(|_| dice.percent(20)).map(region_name);
    refuse.extend(more.filter(|name| !before.refuse.contains(name)).collect::<Vec<_>>());
    let require = dice.percent(20).then(|| vec![own.clone()]);
    RoomRegions { require: before.require.clone().or(require), refuse }
}

/// The policy after an operator's hand was in it: mostly tighter, sometimes wider or broken.
pub fn edited(draft: &PolicyDraft, dice: &mut Dice) -> PolicyDraft {
    let mut draft = draft.clone();
    for _ in 0..=dice.below(3) {
        edit(&mut draft, dice);
    }
    draft
}

fn edit(draft: &mut PolicyDraft, dice: &mut Dice) {
    let region = dice.below(draft.regions.len());
    let fence = dice.below(draft.fences.len().max(1));
    match dice.below(8) {
        0..=2 => {
            if let Some(fence) = draft.fences.get_mut(fence) {
                fence.clients.value = random_list(40, dice);
            }
        }
        3 => {
            let cidrs = &mut draft.regions[region].cidrs;
            if cidrs.len() > 1 {
                cidrs.remove(dice.below(cidrs.len()));
            }
        }
        4 => move_prefix(draft, region, dice),
        5 => draft.regions[region].within = None,
        6 if dice.percent(40) => remove_fence(draft, fence),
        7 if dice.percent(10) => draft.own_addresses = vec![written([9, 9, 9, 129].into())],
        _ => {}
    }
}

fn move_prefix(draft: &mut PolicyDraft, from: usize, dice: &mut Dice) {
    let to = dice.below(draft.regions.len());
    if draft.regions[from].cidrs.len() > 1 {
        let place = dice.below(draft.regions[from].cidrs.len());
        let moved = draft.regions[from].cidrs.remove(place);
        draft.regions[to].cidrs.push(moved);
    }
}

fn remove_fence(draft: &mut PolicyDraft, place: usize) {
    if draft.fences.len() > 1 {
        let gone = draft.fences.remove(place).name.value;
        draft.tenants.retain(|tenant| tenant.fences.iter().all(|fence| fence.value != gone));
    }
}

fn random_region(number: usize, owners: &[usize], dice: &mut Dice) -> RegionDraft {
    let own = format!("9.9.{number}.0/24");
    let owned = PREFIXES.iter().zip(owners).filter(|(_, owner)| **owner == number);
    let prefixes: Vec<&str> = owned.map(|(prefix, _)| *prefix).chain([own.as_str()]).collect();
    let outer = Some(dice.below(REGIONS * 2)).filter(|outer| *outer < number);
    RegionDraft {
        within: outer.map(|outer| name(&region_name(outer))),
        ..region(&region_name(number), &prefixes)
    }
}

/// Its transit always holds the relay's own region, or nothing would ever be carried.
fn add_fence(draft: &mut PolicyDraft, number: usize, own_region: usize, dice: &mut Dice) {
    let fence_name = format!("fence-{number}");
    let own = region_name(own_region);
    draft.fences.push(FenceDraft {
        name: name(&fence_name),
        clients: written(random_list(60, dice)),
        peers: written(Vec::new()),
        transit: written(vec![name(&own)]),
        ..Default::default()
    });
    let mut owner = tenant(&format!("tenant-{number}"), &own, &[&fence_name]);
    owner.groups.push(group("staff", &[&own]));
    draft.tenants.push(owner);
}

fn random_list(percent: usize, dice: &mut Dice) -> Vec<Located<String>> {
    if dice.percent(15) {
        return vec![name("any")];
    }
    (0..REGIONS)
        .filter(|_| dice.percent(percent))
        .map(|number| name(&region_name(number)))
        .collect()
}

fn place_own_site(draft: &mut PolicyDraft, region: &str, stands: bool) {
    draft.own_site = name("here");
    let last = if stands { 9 } else { 129 };
    draft.own_addresses = vec![written(IpAddr::from([9, 9, 9, last]))];
    draft.sites = vec![SiteDraft {
        name: name("here"),
        region: name(region),
        addresses: nets(&["9.9.9.0/25"]),
        enclave: None,
    }];
}

fn region_name(number: usize) -> String {
    format!("region-{number}")
}

fn fence(called: &str, clients: &[&str], transit: &[&str]) -> FenceDraft {
    let list = |names: &[&str]| written(names.iter().map(|one| name(one)).collect());
    FenceDraft {
        name: name(called),
        clients: list(clients),
        peers: list(clients),
        transit: list(transit),
        ..Default::default()
    }
}

fn tenant(called: &str, home: &str, fences: &[&str]) -> TenantDraft {
    TenantDraft {
        name: name(called),
        home: name(home),
        fences: fences.iter().map(|fence| name(fence)).collect(),
        enclave: None,
        ..Default::default()
    }
}

/// Some of a tenant's users, carried by these regions only.
pub fn group(called: &str, require: &[&str]) -> GroupDraft {
    let require = require.iter().map(|region| name(region)).collect();
    let choice = ChoiceDraft { require: Some(written(require)), ..Default::default() };
    GroupDraft { name: name(called), choice }
}

fn region(called: &str, cidrs: &[&str]) -> RegionDraft {
    RegionDraft { name: name(called), cidrs: nets(cidrs), ..RegionDraft::default() }
}

fn nets(list: &[&str]) -> Vec<Located<IpNet>> {
    list.iter().map(|net| written(net.parse().expect("a prefix"))).collect()
}

/// A name without a place in a file.
pub fn name(name: &str) -> Located<String> {
    written(name.to_owned())
}

fn written<T>(value: T) -> Located<T> {
    Located { value, origin: Origin::default() }
}
