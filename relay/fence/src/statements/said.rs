//! The sentences of one policy.

use crate::fence::{Fence, FenceUse};
use crate::invariant::Invariant;
use crate::region_set::RegionSet;
use crate::{Policy, RegionId, Tenant};

use super::{Statements, Topic};

/// All that `policy` says but for the addresses of its regions.
pub(super) fn statements(policy: &Policy) -> Statements {
    let mut speaker = Speaker { policy, said: Statements::new() };
    speaker.regions();
    speaker.sites();
    speaker.fences();
    policy.tenants().for_each(|tenant| speaker.tenant(tenant));
    policy.uses.iter().for_each(|used| speaker.used(used));
    policy.invariants.iter().for_each(|invariant| speaker.invariant(invariant));
    speaker.selection();
    speaker.host();
    speaker.said
}

struct Speaker<'a> {
    policy: &'a Policy,
    said: Statements,
}

impl Speaker<'_> {
    fn say(&mut self, topic: Topic, subject: &str, what: impl Into<String>) {
        self.said.insert((topic, subject.to_owned()), what.into());
    }

    fn regions(&mut self) {
        for (name, region) in self.policy.regions.iter() {
            let within = region.within.map_or("", |outer| self.policy.region_name(outer));
            self.say(Topic::Region, name, within);
            self.say(Topic::RegionNear, name, self.in_order(&region.near));
        }
    }

    fn sites(&mut self) {
        for (name, site) in self.policy.sites.iter() {
            self.say(Topic::Site, name, self.policy.region_name(site.region));
            self.say(Topic::SiteEnclave, name, site.enclave.as_deref().unwrap_or_default());
            self.say(Topic::SiteSpare, name, site.spare.to_string());
            let addresses = site.addresses.iter().map(ToString::to_string);
            self.say(Topic::SiteAddresses, name, sorted(addresses));
        }
    }

    fn fences(&mut self) {
        for (name, fence) in self.policy.fences.iter() {
            let Fence { clients, peers, transit, require_encryption } = fence;
            self.say(Topic::FenceClients, name, self.names(&clients.admits));
            self.say(Topic::FencePeers, name, self.names(&peers.admits));
            self.say(Topic::FenceTransit, name, self.names(&transit.admits));
            self.say(Topic::FenceEncryption, name, require_encryption.to_string());
        }
    }

    fn tenant(&mut self, tenant: &Tenant) {
        let name = tenant.name();
        self.say(Topic::Tenant, name, self.policy.region_name(tenant.home));
        self.say(Topic::TenantEnclave, name, tenant.enclave().unwrap_or_default());
        let first = tenant.fences.first().map(|&fence| self.policy.fence_name(fence));
        self.say(Topic::TenantDefault, name, first.unwrap_or_default());
        for group in tenant.groups() {
            self.say(Topic::Group, &format!("{name}/{group}"), "");
        }
    }

    fn used(&mut self, used: &FenceUse) {
        let Some(tenant) = self.policy.tenants.get(used.tenant.index()) else { return };
        let fence = self.policy.fences.name(used.declared.index());
        let group = used.group.map(|group| tenant.groups.name(group));
        let whose = std::iter::once(tenant.name()).chain(group).chain([fence]);
        let whose = whose.collect::<Vec<_>>().join("/");
        self.say(Topic::UseTransit, &whose, self.names(&used.fence.transit.admits));
        self.say(Topic::UsePrefer, &whose, self.in_order(&used.prefer));
    }

    fn invariant(&mut self, invariant: &Invariant) {
        let ends = self.names(&invariant.clients);
        let others = invariant.peers.as_ref().map_or("anybody".to_owned(), |set| self.names(set));
        let never = self.names(&invariant.never_transit);
        let what = format!("clients: {ends}; peers: {others}; never_transit: {never}");
        self.say(Topic::Invariant, &invariant.name, what);
    }

    fn selection(&mut self) {
        self.say(Topic::Primaries, "", self.policy.primaries.to_string());
        self.say(Topic::Spares, "", self.policy.spares.to_string());
    }

    fn host(&mut self) {
        let policy = self.policy;
        policy.nat64.iter().for_each(|prefix| self.say(Topic::Nat64, &prefix.to_string(), ""));
        self.say(Topic::OwnSite, "", policy.site_name(policy.own_site));
        let standing = policy.own_standing.map_or_else(|refusal| refusal.rule.code(), |()| "good");
        self.say(Topic::OwnStanding, "", standing);
        for address in &policy.own_addresses {
            self.say(Topic::OwnAddress, &address.to_string(), "");
        }
    }

    fn names(&self, regions: &RegionSet) -> String {
        sorted(regions.iter().map(|region| self.policy.region_name(region).to_owned()))
    }

    fn in_order(&self, regions: &[RegionId]) -> String {
        let names = regions.iter().map(|&region| self.policy.region_name(region));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn sorted(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.join(", ")
}
