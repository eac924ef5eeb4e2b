//! What a plan must show.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use ringfence_fence::{Addresses, Change, Plan, Presence, UseChange};

use super::universe::{SAMPLES, Samples, V4, V6, begins_with, embedded};
use super::world::{self, Name, Use, World};

/// Tenant, fence or `None` for the default, group.
type Whose = (String, Option<String>, Option<String>);

/// What is gained, and what is lost.
type Both<T> = (T, T);

/// What one use gains and loses.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Expected {
    presence: Presence,
    clients: Both<Samples>,
    peers: Both<Samples>,
    sites: Both<BTreeSet<String>>,
    encryption: Both<bool>,
}

/// Complains about the first thing in which the plan is not what it must be.
pub(super) fn check(plan: &Plan, old: &World<'_>, new: &World<'_>) -> Result<(), String> {
    let expected = expected(old, new);
    let mut shown = BTreeMap::new();
    let mut reader = Reader::default();
    for change in plan.uses() {
        let name = &change.name;
        let whose: Whose = (name.tenant.clone(), name.fence.clone(), name.group.clone());
        shown.insert(whose, reader.read(change)?);
    }
    if reads_at_two_places(old, new) {
        return covers(&shown, &expected);
    }
    if shown != expected {
        return Err(format!("the plan shows {shown:#?}\nand must show {expected:#?}"));
    }
    let widens = expected.values().any(Expected::widens);
    let narrows = expected.values().any(Expected::narrows);
    if (plan.widens(), plan.narrows()) != (widens, narrows) {
        return Err(format!("widens {widens}, narrows {narrows}: {plan:#?}"));
    }
    check_data(plan, old, new)
}

impl Expected {
    fn between(old: Option<&Use>, new: Option<&Use>) -> Self {
        let of = |one: Option<&Use>, samples: fn(&Use) -> Samples| one.map_or(0, samples);
        let samples = |which: fn(&Use) -> Samples| {
            let (before, after) = (of(old, which), of(new, which));
            (after & !before, before & !after)
        };
        let sites = |one: Option<&Use>| one.map(|used| used.sites.clone()).unwrap_or_default();
        let (before, after) = (sites(old), sites(new));
        let required = old.zip(new).map(|(old, new)| (old.encryption, new.encryption));
        Self {
            presence: match (old, new) {
                (None, _) => Presence::Added,
                (_, None) => Presence::Removed,
                _ => Presence::Kept,
            },
            clients: samples(|used| used.clients),
            peers: samples(|used| used.peers),
            sites: (&after - &before, &before - &after),
            encryption: (required == Some((true, false)), required == Some((false, true))),
        }
    }

    fn widens(&self) -> bool {
        let gains = self.clients.0 != 0 || self.peers.0 != 0 || !self.sites.0.is_empty();
        gains || self.presence == Presence::Added || self.encryption.0
    }

    fn narrows(&self) -> bool {
        let loses = self.clients.1 != 0 || self.peers.1 != 0 || !self.sites.1.is_empty();
        loses || self.presence == Presence::Removed || self.encryption.1
    }
}

fn expected(old: &World<'_>, new: &World<'_>) -> BTreeMap<Whose, Expected> {
    let names: BTreeSet<&Name> = old.uses.keys().chain(new.uses.keys()).collect();
    let mut all: BTreeMap<Whose, Expected> = BTreeMap::new();
    for name in names {
        let expected = Expected::between(old.uses.get(name), new.uses.get(name));
        all.insert((name.0.clone(), Some(name.1.clone()), name.2.clone()), expected);
    }
    for (tenant, group) in old.uses.keys().map(|name| (&name.0, &name.2)) {
        let default = |world: &World<'_>| {
            let draft = world.draft.tenants.iter().find(|one| one.name.value == *tenant)?;
            Some((tenant.clone(), draft.fences[0].value.clone(), group.clone()))
        };
        if let (Some(before), Some(after)) = (default(old), default(new))
            && before.1 != after.1
            && let (Some(before), Some(after)) = (old.uses.get(&before), new.uses.get(&after))
        {
            let expected = Expected::between(Some(before), Some(after));
            all.insert((tenant.clone(), None, group.clone()), expected);
        }
    }
    all.retain(|_, expected| expected.widens() || expected.narrows());
    all
}

/// Reads what a plan shows; what many uses share it reads once.
#[derive(Default)]
struct Reader {
    known: HashMap<Addresses, Samples>,
}

impl Reader {
    fn read(&mut self, change: &UseChange) -> Result<Expected, String> {
        let set = |names: &Vec<String>| names.iter().cloned().collect::<BTreeSet<_>>();
        Ok(Expected {
            presence: change.presence,
            clients: self.both(&change.clients)?,
            peers: self.both(&change.peers)?,
            sites: (set(&change.transit.gained), set(&change.transit.lost)),
            encryption: (change.encryption_dropped, change.encryption_required),
        })
    }

    fn both(&mut self, change: &Change<Addresses>) -> Result<Both<Samples>, String> {
        Ok((self.samples(&change.gained)?, self.samples(&change.lost)?))
    }

    fn samples(&mut self, addresses: &Addresses) -> Result<Samples, String> {
        if let Some(&samples) = self.known.get(addresses) {
            return Ok(samples);
        }
        let found = samples(addresses)?;
        self.known.insert(addresses.clone(), found);
        Ok(found)
    }
}

/// The samples among some addresses, which must be told without one prefix too many.
fn samples(addresses: &Addresses) -> Result<Samples, String> {
    let cidrs = addresses.cidrs();
    let mut set = samples_in(cidrs.iter().copied());
    let of = |base: IpAddr, length| {
        cidrs.iter().filter(move |net| begins_with(net.addr(), base, length)).count()
    };
    let v4 = (of([0; 4].into(), 0), fewest(set, V4));
    let v6 = (of(SAMPLES[V6.start], 16), fewest(set, V6));
    if v4.0 != v4.1 || v6.0 != v6.1 {
        return Err(format!(
            "{} and {} prefixes would do, and nothing else: {cidrs:?}",
            v4.1, v6.1
        ));
    }
    for behind in addresses.behind_nat64() {
        let (outer, length) = (behind.outer, behind.outer.prefix_len());
        set |= matching(|ip| {
            let four = embedded(ip, behind.prefix_len);
            let carried = |net: &ipnet::Ipv4Net| {
                four.is_some_and(|four| begins_with(four, net.addr().into(), net.prefix_len()))
            };
            begins_with(ip, outer.addr().into(), length) && behind.embedded.iter().any(carried)
        });
    }
    for outer in addresses.malformed_nat64() {
        set |= matching(|ip| {
            let inside = begins_with(ip, outer.addr().into(), outer.prefix_len());
            inside && embedded(ip, 64).is_none()
        });
    }
    if addresses.is_empty() != (set == 0) {
        return Err(format!("of these samples there are {set:b}: {addresses:?}"));
    }
    Ok(set)
}

fn samples_in(nets: impl Iterator<Item = ipnet::IpNet>) -> Samples {
    nets.fold(0, |set, net| set | matching(|ip| begins_with(ip, net.addr(), net.prefix_len())))
}

fn matching(is_meant: impl Fn(IpAddr) -> bool) -> Samples {
    let each = SAMPLES.iter().enumerate();
    each.fold(0, |set, (place, &ip)| set | u128::from(is_meant(ip)) << place)
}

/// How many prefixes it takes to hold these samples of a block, all of whose addresses are samples.
fn fewest(set: Samples, block: std::ops::Range<usize>) -> usize {
    let size = block.len();
    let within = (set >> block.start) & ((1 << size) - 1);
    match within {
        0 => 0,
        all if all == (1 << size) - 1 => 1,
        _ => {
            let middle = block.start + size / 2;
            fewest(set, block.start..middle) + fewest(set, middle..block.end)
        }
    }
}

/// Whether a block is a NAT64's in both, with two lengths.
fn reads_at_two_places(old: &World<'_>, new: &World<'_>) -> bool {
    let lengths = |world: &World<'_>| {
        let nets = world.draft.nat64.iter().map(|prefix| prefix.value);
        let first = nets.filter(|net| net.addr().segments()[0] == 0x2a0a);
        first.map(|net| net.prefix_len()).next()
    };
    lengths(old).zip(lengths(new)).is_some_and(|(before, after)| before != after)
}

/// Then the plan may show more than there is, never less.
fn covers(
    shown: &BTreeMap<Whose, Expected>,
    expected: &BTreeMap<Whose, Expected>,
) -> Result<(), String> {
    let holds =
        |more: Both<Samples>, less: Both<Samples>| less.0 & !more.0 == 0 && less.1 & !more.1 == 0;
    for (whose, expected) in expected {
        let shown = shown.get(whose).ok_or(format!("nothing of {whose:?}"))?;
        let covered = holds(shown.clients, expected.clients) && holds(shown.peers, expected.peers);
        if !covered || shown.sites != expected.sites {
            return Err(format!("{whose:?}: {shown:?} does not cover {expected:?}"));
        }
    }
    Ok(())
}

/// Which samples each region gains and loses, by its prefixes alone.
fn check_data(plan: &Plan, old: &World<'_>, new: &World<'_>) -> Result<(), String> {
    let mut expected: BTreeMap<String, Both<Samples>> = BTreeMap::new();
    for (place, &ip) in SAMPLES.iter().enumerate() {
        let [before, after] = [old, new].map(|world| world::region(world.draft, ip));
        if before != after {
            if let Some(region) = after {
                expected.entry(region).or_default().0 |= 1 << place;
            }
            if let Some(region) = before {
                expected.entry(region).or_default().1 |= 1 << place;
            }
        }
    }
    let mut shown = BTreeMap::new();
    for change in plan.regions() {
        let both = (
            samples_in(change.addresses.gained.cidrs()),
            samples_in(change.addresses.lost.cidrs()),
        );
        shown.insert(change.region.clone(), both);
    }
    // Of the larger blocks some addresses are no samples.
    shown.retain(|_, both| *both != (0, 0));
    match shown == expected {
        true => Ok(()),
        false => Err(format!("regions: {shown:?}, and must be {expected:?}")),
    }
}
