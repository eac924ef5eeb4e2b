//! Random policies without contradictions, and small changes to them.

use std::net::IpAddr;

use ringfence_fence::draft::{
    ChoiceDraft, FenceDraft, GroupDraft, InvariantDraft, RegionDraft, SiteDraft, TenantDraft,
};
use ringfence_fence::{Located, PolicyDraft};

use crate::sim::dice::Dice;

use super::universe::{FILLERS, PREFIXES, SAMPLES, may_be_own};

const ANY: &str = "any";

/// Each of random parts; no two calls need give the same.
pub(super) fn draft(dice: &mut Dice) -> PolicyDraft {
    let regions = (0..3 + dice.below(3))
        .map(|place| RegionDraft { name: plain(format!("r{place}")), ..Default::default() });
    let mut draft = PolicyDraft {
        own_site: plain("s0".to_owned()),
        own_addresses: vec![plain(IpAddr::from([127, 1, 0, 1]))],
        regions: regions.collect(),
        ..Default::default()
    };
    PARTS.iter().for_each(|part| part(&mut draft, dice));
    repair(&mut draft);
    draft
}

/// The same draft with a few parts made anew, perhaps written in another order.
pub(super) fn changed(draft: &PolicyDraft, dice: &mut Dice) -> PolicyDraft {
    let mut changed = draft.clone();
    for _ in 0..dice.below(3) {
        dice.pick(PARTS)(&mut changed, dice);
    }
    for _ in 0..dice.below(3) {
        dice.pick(TOUCHES)(&mut changed, dice);
    }
    if dice.percent(30) {
        changed.regions.reverse();
        changed.sites.reverse();
        changed.fences.reverse();
        changed.tenants.reverse();
    }
    repair(&mut changed);
    changed
}

/// Makes one part of a draft anew.
type Part = fn(&mut PolicyDraft, &mut Dice);

const PARTS: &[Part] =
    &[prefixes, neighbours, sites, fences, tenants, nat64, host, selection, invariants];

/// Changes that leave nearly everything as it was.
const TOUCHES: &[Part] = &[one_prefix, one_site, one_fence, one_tenant, encryption];

fn prefixes(draft: &mut PolicyDraft, dice: &mut Dice) {
    draft.regions.iter_mut().for_each(|region| region.cidrs.clear());
    for prefix in PREFIXES {
        if dice.percent(60) {
            let place = dice.below(draft.regions.len());
            draft.regions[place].cidrs.push(plain(prefix.parse().expect("a prefix")));
        }
    }
}

fn one_prefix(draft: &mut PolicyDraft, dice: &mut Dice) {
    let prefix = dice.pick(PREFIXES).parse().expect("a prefix");
    draft.regions.iter_mut().for_each(|one| one.cidrs.retain(|known| known.value != prefix));
    if dice.percent(70) {
        let place = dice.below(draft.regions.len());
        draft.regions[place].cidrs.push(plain(prefix));
    }
}

/// What lies within what, and what is near what. An inner region has the higher number.
fn neighbours(draft: &mut PolicyDraft, dice: &mut Dice) {
    let names = region_names(draft);
    for region in &mut draft.regions {
        let outer: Vec<_> = names.iter().filter(|name| **name < region.name.value).collect();
        let within = (!outer.is_empty() && dice.percent(40)).then(|| (*dice.pick(&outer)).clone());
        region.within = within.map(plain);
        region.near = some(&names, 40, dice);
    }
}

fn sites(draft: &mut PolicyDraft, dice: &mut Dice) {
    let count = 3 + dice.below(2);
    draft.sites = (0..count)
        .map(|place| SiteDraft { name: plain(format!("s{place}")), ..Default::default() })
        .collect();
    for place in 0..count {
        site(draft, place, dice);
    }
}

fn one_site(draft: &mut PolicyDraft, dice: &mut Dice) {
    let place = dice.below(draft.sites.len());
    site(draft, place, dice);
}

/// Ranges of two sites overlap now and then.
fn site(draft: &mut PolicyDraft, place: usize, dice: &mut Dice) {
    let region = dice.pick(&region_names(draft)).clone();
    let site = &mut draft.sites[place];
    let block = if dice.percent(6) { 0 } else { place };
    let range = format!("127.1.{block}.0/{}", if dice.percent(50) { 24 } else { 25 });
    site.region = plain(region);
    site.enclave = dice.percent(25).then(|| plain("gov".to_owned()));
    site.addresses = vec![plain(range.parse().expect("a range"))];
}

fn fences(draft: &mut PolicyDraft, dice: &mut Dice) {
    let count = 2 + dice.below(2);
    draft.fences = (0..count)
        .map(|place| FenceDraft { name: plain(format!("f{place}")), ..Default::default() })
        .collect();
    for place in 0..count {
        fence(draft, place, dice);
    }
}

fn one_fence(draft: &mut PolicyDraft, dice: &mut Dice) {
    let place = dice.below(draft.fences.len());
    fence(draft, place, dice);
}

fn fence(draft: &mut PolicyDraft, place: usize, dice: &mut Dice) {
    let names = region_names(draft);
    let mut list = || plain(some_or_any(&names, dice));
    let (clients, peers, transit) = (list(), list(), list());
    let fence = &mut draft.fences[place];
    (fence.clients, fence.peers, fence.transit) = (clients, peers, transit);
    fence.require_encryption = dice.percent(20);
}

fn encryption(draft: &mut PolicyDraft, dice: &mut Dice) {
    let place = dice.below(draft.fences.len());
    draft.fences[place].require_encryption ^= true;
}

fn tenants(draft: &mut PolicyDraft, dice: &mut Dice) {
    let count = 2 + dice.below(2);
    draft.tenants = (0..count)
        .map(|place| TenantDraft { name: plain(format!("t{place}")), ..Default::default() })
        .collect();
    for place in 0..count {
        tenant(draft, place, dice);
    }
}

fn one_tenant(draft: &mut PolicyDraft, dice: &mut Dice) {
    let place = dice.below(draft.tenants.len());
    tenant(draft, place, dice);
}

fn tenant(draft: &mut PolicyDraft, place: usize, dice: &mut Dice) {
    let (regions, fences) = (region_names(draft), fence_names(draft));
    let tenant = &mut draft.tenants[place];
    tenant.home = plain(dice.pick(&regions).clone());
    tenant.fences = some(&fences, 60, dice);
    tenant.enclave = dice.percent(20).then(|| plain("gov".to_owned()));
    tenant.locked_to_home = dice.percent(15);
    tenant.choice = choice(&regions, dice);
    let groups = (0..dice.below(3)).map(|place| GroupDraft {
        name: plain(format!("g{place}")),
        choice: choice(&regions, dice),
    });
    tenant.groups = groups.collect();
}

fn choice(regions: &[String], dice: &mut Dice) -> ChoiceDraft {
    let require = dice.percent(40).then(|| plain(some(regions, 60, dice)));
    ChoiceDraft { require, prefer: some(regions, 20, dice) }
}

/// Lengths that [`super::universe::embedded`] knows; the same block with two of them, too.
fn nat64(draft: &mut PolicyDraft, dice: &mut Dice) {
    let first = [None, Some("2a0a:64::/96"), Some("2a0a:64::/96"), Some("2a0a:64::/64")];
    let second = [None, Some("2a0b:64::/64")];
    let chosen = [dice.pick(&first), dice.pick(&second)];
    let prefixes = chosen.into_iter().flatten().map(|prefix| prefix.parse().expect("a prefix"));
    draft.nat64 = prefixes.map(plain).collect();
}

fn host(draft: &mut PolicyDraft, dice: &mut Dice) {
    let hosts = (0..dice.below(4)).map(|_| dice.below(SAMPLES.len()));
    let hosts: Vec<usize> = hosts.filter(|&sample| may_be_own(sample)).collect();
    draft.host_addresses = hosts.into_iter().map(|sample| SAMPLES[sample]).collect();
    let own = if dice.percent(10) { [127, 9, 0, 1] } else { [127, 1, 0, 1] };
    draft.own_addresses = vec![plain(own.into())];
}

fn selection(draft: &mut PolicyDraft, dice: &mut Dice) {
    let small = |dice: &mut Dice| u8::try_from(dice.below(4)).unwrap_or_default();
    (draft.selection.primaries, draft.selection.spares) = (small(dice), small(dice));
    let names: Vec<_> = draft.sites.iter().map(|site| site.name.value.clone()).collect();
    draft.selection.spare_sites = some(&names, 30, dice);
}

fn invariants(draft: &mut PolicyDraft, dice: &mut Dice) {
    let names = region_names(draft);
    let each = (0..dice.below(3)).map(|place| InvariantDraft {
        name: plain(format!("promise {place}")),
        clients: some_or_any(&names, dice),
        peers: if dice.percent(50) { Vec::new() } else { some_or_any(&names, dice) },
        never_transit: some(&names, 30, dice),
    });
    draft.invariants = each.collect();
}

/// Takes out what would be an error.
fn repair(draft: &mut PolicyDraft) {
    for region in &mut draft.regions {
        // Each name has its own, whatever the order.
        let number = region.name.value.trim_start_matches('r').parse::<usize>();
        let filler = FILLERS[number.expect("regions are numbered")];
        if region.cidrs.is_empty() {
            region.cidrs.push(plain(filler.parse().expect("a prefix")));
        }
    }
    let (fences, sites) = (fence_names(draft), draft.sites.clone());
    let is_site = |name: &Located<String>| sites.iter().any(|site| site.name.value == name.value);
    draft.selection.spare_sites.retain(is_site);
    for tenant in &mut draft.tenants {
        tenant.fences.retain(|name| fences.contains(&name.value));
        if tenant.fences.is_empty() {
            tenant.fences.push(plain(fences[0].clone()));
        }
        keep_home(tenant);
        for fence in &mut draft.fences {
            let listed = &mut fence.transit.value;
            if tenant.fences.contains(&fence.name) && !is_any(listed) {
                add(listed, &tenant.home.value);
            }
        }
    }
}

/// No level leaves the home region out, and none has what the one above has not.
fn keep_home(tenant: &mut TenantDraft) {
    let home = tenant.home.value.clone();
    let mut above = tenant.choice.require.as_mut().map(|require| {
        add(&mut require.value, &home);
        require.value.clone()
    });
    if tenant.locked_to_home {
        above = Some(vec![plain(home.clone())]);
    }
    let requires = tenant.groups.iter_mut().filter_map(|group| group.choice.require.as_mut());
    for require in requires {
        require.value.retain(|name| above.as_ref().is_none_or(|above| above.contains(name)));
        add(&mut require.value, &home);
    }
}

fn add(list: &mut Vec<Located<String>>, name: &str) {
    if list.iter().all(|known| known.value != name) {
        list.push(plain(name.to_owned()));
    }
}

fn is_any(list: &[Located<String>]) -> bool {
    list.iter().any(|name| name.value == ANY)
}

fn some_or_any(names: &[String], dice: &mut Dice) -> Vec<Located<String>> {
    if dice.percent(15) { vec![plain(ANY.to_owned())] } else { some(names, 45, dice) }
}

/// Each with this chance, in a random order.
fn some(names: &[String], percent: usize, dice: &mut Dice) -> Vec<Located<String>> {
    let mut taken = Vec::new();
    for name in names {
        if dice.percent(percent) {
            taken.insert(dice.below(taken.len() + 1), plain(name.clone()));
        }
    }
    taken
}

fn region_names(draft: &PolicyDraft) -> Vec<String> {
    draft.regions.iter().map(|region| region.name.value.clone()).collect()
}

fn fence_names(draft: &PolicyDraft) -> Vec<String> {
    draft.fences.iter().map(|fence| fence.name.value.clone()).collect()
}

fn plain<T>(value: T) -> Located<T> {
    Located { value, origin: Default::default() }
}
