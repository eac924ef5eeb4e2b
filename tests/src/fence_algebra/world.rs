//! What a policy as written lets happen, found by looking at every address of a small world.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ringfence_fence::draft::{RegionDraft, TenantDraft};
use ringfence_fence::{Located, PolicyDraft};

use super::universe::{SAMPLES, Samples, begins_with, embedded};

/// Names of regions.
pub(super) type Regions = BTreeSet<String>;

/// Tenant, fence, group.
pub(super) type Name = (String, String, Option<String>);

/// Who is at each sample, and what everybody may do.
pub(super) struct World<'a> {
    pub(super) draft: &'a PolicyDraft,
    /// Of each sample, what the fence looks at; `None` if no fence can admit it.
    seen: Vec<Option<Seen>>,
    pub(super) uses: BTreeMap<Name, Use>,
}

/// A sample's region, that of the IPv4 address in it, and whether either is the host's own.
#[derive(Clone, Debug)]
struct Seen {
    region: String,
    inner: Option<String>,
    own: bool,
}

/// What one tenant, or group of it, may do under one fence.
pub(super) struct Use {
    pub(super) clients: Samples,
    pub(super) peers: Samples,
    pub(super) sites: BTreeSet<String>,
    pub(super) encryption: bool,
    pub(super) prefer: Vec<String>,
    pub(super) home: String,
}

impl<'a> World<'a> {
    pub(super) fn of(draft: &'a PolicyDraft) -> Self {
        let seen = SAMPLES.iter().map(|&ip| seen(draft, ip)).collect();
        let mut world = Self { draft, seen, uses: BTreeMap::new() };
        for tenant in &draft.tenants {
            world.enter(tenant);
        }
        world
    }

    fn enter(&mut self, tenant: &TenantDraft) {
        let groups = tenant.groups.iter().map(Some).chain([None]);
        for group in groups {
            let choices = [Some(&tenant.choice), group.map(|group| &group.choice)];
            for fence in &tenant.fences {
                let fence = self.draft.fences.iter().find(|known| known.name == *fence);
                let fence = fence.expect("a fence that is declared");
                let mut transit = self.listed(&fence.transit.value);
                for require in choices.iter().flatten().filter_map(|one| one.require.as_ref()) {
                    let required = self.listed(&require.value);
                    transit.retain(|region| required.contains(region));
                }
                if tenant.locked_to_home {
                    let home = self.listed(std::slice::from_ref(&tenant.home));
                    transit.retain(|region| home.contains(region));
                }
                let prefer = choices.iter().rev().flatten().flat_map(|one| &one.prefer);
                let used = Use {
                    clients: self.admitted(&self.listed(&fence.clients.value), false),
                    peers: self.admitted(&self.listed(&fence.peers.value), true),
                    sites: self.sites(tenant, &transit),
                    encryption: fence.require_encryption,
                    prefer: prefer.map(|name| name.value.clone()).collect(),
                    home: tenant.home.value.clone(),
                };
                let group = group.map(|group| group.name.value.clone());
                self.uses
                    .insert((tenant.name.value.clone(), fence.name.value.clone(), group), used);
            }
        }
    }

    fn sites(&self, tenant: &TenantDraft, transit: &Regions) -> BTreeSet<String> {
        let enclave = |name: &Option<Located<String>>| name.as_ref().map(|one| one.value.clone());
        let sites = self.draft.sites.iter().filter(|site| {
            enclave(&site.enclave) == enclave(&tenant.enclave)
                && transit.contains(&site.region.value)
        });
        sites.map(|site| site.name.value.clone()).collect()
    }

    fn admitted(&self, regions: &Regions, as_peer: bool) -> Samples {
        self.samples(|seen| {
            let inside = |region: &String| regions.contains(region);
            !(as_peer && seen.own) && inside(&seen.region) && seen.inner.iter().all(inside)
        })
    }

    /// Samples that lie in one of the regions, themselves or by the IPv4 address in them.
    pub(super) fn in_either_way(&self, regions: &Regions) -> Samples {
        self.samples(|seen| {
            regions.contains(&seen.region) || seen.inner.iter().any(|inner| regions.contains(inner))
        })
    }

    fn samples(&self, is_meant: impl Fn(&Seen) -> bool) -> Samples {
        let each = self.seen.iter().enumerate();
        let meant = each.filter(|(_, seen)| seen.as_ref().is_some_and(&is_meant));
        meant.fold(0, |set, (place, _)| set | 1 << place)
    }

    /// The region that a sample counts as being in, if anywhere.
    pub(super) fn place_of(&self, sample: usize) -> Option<&str> {
        let seen = self.seen[sample].as_ref()?;
        Some(seen.inner.as_ref().unwrap_or(&seen.region))
    }

    /// The listed regions and whatever lies within one of them.
    pub(super) fn listed(&self, names: &[Located<String>]) -> Regions {
        let is_listed =
            |name: &str| names.iter().any(|one| one.value == "any" || one.value == name);
        let regions = self.draft.regions.iter().map(|region| &region.name.value);
        let inside = regions.filter(|name| self.outwards(name).iter().any(|one| is_listed(one)));
        inside.cloned().collect()
    }

    /// The region, the one around it, and so on.
    pub(super) fn outwards(&self, name: &str) -> Vec<&'a str> {
        let mut chain = Vec::new();
        let mut next = self.region(name);
        while let Some(region) = next {
            chain.push(region.name.value.as_str());
            next = region.within.as_ref().and_then(|outer| self.region(&outer.value));
        }
        chain
    }

    pub(super) fn region(&self, name: &str) -> Option<&'a RegionDraft> {
        self.draft.regions.iter().find(|region| region.name.value == name)
    }
}

fn seen(draft: &PolicyDraft, ip: IpAddr) -> Option<Seen> {
    let own = |ip: IpAddr| {
        let own = draft.own_addresses.iter().map(|address| address.value);
        own.chain(draft.host_addresses.iter().copied()).any(|one| one == ip && is_plain(draft, one))
    };
    let region = region(draft, ip)?;
    let Some(length) = nat64_length(draft, ip) else {
        return Some(Seen { region, inner: None, own: own(ip) });
    };
    let four = embedded(ip, length)?;
    // 0.0.0.0/8 is the only space here that is never open.
    if begins_with(four, IpAddr::from([0; 4]), 8) {
        return None;
    }
    let inner = self::region(draft, four)?;
    Some(Seen { region, inner: Some(inner), own: own(ip) || own(four) })
}

/// An address of a form that is always refused is nobody's own.
fn is_plain(draft: &PolicyDraft, ip: IpAddr) -> bool {
    let unfit = |four: IpAddr| begins_with(four, IpAddr::from([0; 4]), 8);
    nat64_length(draft, ip)
        .is_none_or(|length| embedded(ip, length).is_some_and(|four| !unfit(four)))
}

fn nat64_length(draft: &PolicyDraft, ip: IpAddr) -> Option<u8> {
    let well_known = "64:ff9b::/96".parse().expect("a prefix");
    let known = draft.nat64.iter().map(|prefix| prefix.value).chain([well_known]);
    known
        .filter(|net: &ipnet::Ipv6Net| begins_with(ip, net.addr().into(), net.prefix_len()))
        .map(|net| net.prefix_len())
        .next()
}

/// The region with the longest prefix, whatever is done with that.
pub(super) fn region(draft: &PolicyDraft, ip: IpAddr) -> Option<String> {
    let mut longest: Option<(u8, &str)> = None;
    for region in &draft.regions {
        for net in region.cidrs.iter().map(|cidr| cidr.value) {
            let (address, length) = (net.addr(), net.prefix_len());
            let longer = longest.is_none_or(|(known, _)| length > known);
            if longer && begins_with(ip, address, length) {
                longest = Some((length, &region.name.value));
            }
        }
    }
    longest.map(|(_, name)| name.to_owned())
}
