//! The sections that make the policy, as a draft for the fence to judge.

use ringfence_fence::draft::{
    ChoiceDraft, FenceDraft, GroupDraft, RegionData, RegionDraft, SiteDraft, TenantDraft,
};
use ringfence_fence::{Located, Origin, PolicyDraft};

use super::super::bounds::LIST_MAX;
use super::super::raw::{self, Document, Item, List, Named, Optional};
use super::super::settings::Plan;
use super::Resolver;
use super::addresses::prefix_v6;
use super::listen::Written;

impl Resolver<'_> {
    pub(super) fn policy(
        &mut self,
        raw: &Document,
        listen: Option<&Written>,
        region_data: Option<RegionData>,
    ) -> PolicyDraft {
        let own_site = raw.node.as_ref().and_then(|node| node.site.as_ref());
        let nat64 = self.entries(&raw.nat64.prefixes, "nat64.prefixes", LIST_MAX);
        PolicyDraft {
            own_site: own_site.map(|site| self.located_string(site)).unwrap_or_default(),
            own_addresses: listen.map(|listen| listen.own.clone()).unwrap_or_default(),
            host_addresses: self.surroundings.host_addresses.clone(),
            nat64: self.parsed_list(nat64, prefix_v6),
            region_data,
            regions: self.named("regions", raw.regions.as_ref(), Self::region),
            sites: self.named("sites", raw.sites.as_ref(), Self::site),
            fences: self.named("fences", raw.fences.as_ref(), Self::fence),
            tenants: self.named("tenants", raw.tenants.as_ref(), Self::tenant_draft),
            own_enclave: raw
                .node
                .as_ref()
                .and_then(|node| node.enclave.as_ref())
                .map(|enclave| self.located_string(enclave)),
            selection: self.selection(&raw.selection),
            invariants: self.invariants(&raw.invariants),
        }
    }

    fn named<T, D>(
        &mut self,
        section: &str,
        table: Option<&Item<Named<T>>>,
        one: impl Fn(&mut Self, Located<String>, &Item<T>) -> D,
    ) -> Vec<D> {
        let entries = table.map(|table| &***table).unwrap_or_default();
        if entries.is_empty() {
            self.missing(&[section], None, "the policy needs at least one");
        }
        let each = |(name, raw): &(Item<String>, Item<T>)| {
            let name = self.located_string(name);
            one(self, name, raw)
        };
        entries.iter().map(each).collect()
    }

    fn region(&mut self, name: Located<String>, raw: &Item<raw::Region>) -> RegionDraft {
        let cidrs = self.prefixes(&raw.cidrs, &format!("regions.{}.cidrs", name.value));
        self.note_hollow(&["regions", &name.value, "cidrs"], &raw.cidrs, cidrs.len(), name.origin);
        let path = ["regions", &name.value, "labels"];
        let labels = self.entries(&raw.labels, &path.join("."), LIST_MAX);
        let labels: Vec<_> = labels.iter().map(|label| self.located_string(label)).collect();
        self.note_hollow(&path, &raw.labels, labels.len(), name.origin);
        RegionDraft {
            labels,
            within: self.located_option(&raw.within),
            near: self.names(&raw.near),
            name,
            cidrs,
        }
    }

    fn site(&mut self, name: Located<String>, raw: &Item<raw::Site>) -> SiteDraft {
        let path = ["sites", &name.value, "addresses"];
        let addresses = self.prefixes(&raw.addresses, &path.join("."));
        self.note_hollow(&path, &raw.addresses, addresses.len(), name.origin);
        SiteDraft {
            region: self.required(&raw.region, &["sites", &name.value, "region"], name.origin),
            enclave: self.located_option(&raw.enclave),
            name,
            addresses,
        }
    }

    fn fence(&mut self, name: Located<String>, raw: &Item<raw::Fence>) -> FenceDraft {
        FenceDraft {
            clients: self.fence_list(&raw.clients, &name, "clients"),
            peers: self.fence_list(&raw.peers, &name, "peers"),
            transit: self.fence_list(&raw.transit, &name, "transit"),
            require_encryption: raw.require_encryption.as_ref().is_some_and(|item| **item),
            name,
        }
    }

    fn tenant_draft(&mut self, name: Located<String>, raw: &Item<raw::Tenant>) -> TenantDraft {
        let fences = self.names(&raw.fences);
        self.note_hollow(
            &["tenants", &name.value, "fences"],
            &raw.fences,
            fences.len(),
            name.origin,
        );
        TenantDraft {
            home: self.required(&raw.home, &["tenants", &name.value, "home"], name.origin),
            enclave: self.located_option(&raw.enclave),
            choice: self.choice(&raw.require, &raw.prefer),
            locked_to_home: raw.plan.unwrap_or_default() == Plan::Free,
            groups: self.groups(raw.groups.as_ref()),
            name,
            fences,
        }
    }

    fn groups(&mut self, table: Option<&Item<Named<raw::Group>>>) -> Vec<GroupDraft> {
        let entries = table.map(|table| &***table).unwrap_or_default();
        let each = |(name, raw): &(Item<String>, Item<raw::Group>)| GroupDraft {
            name: self.located_string(name),
            choice: self.choice(&raw.require, &raw.prefer),
        };
        entries.iter().map(each).collect()
    }

    fn choice(&self, require: &List<String>, prefer: &List<String>) -> ChoiceDraft {
        let require = require.as_ref().map(|list| (self.at(list), require));
        ChoiceDraft {
            require: require.map(|(origin, list)| Located { value: self.names(list), origin }),
            prefer: self.names(prefer),
        }
    }

    fn fence_list(
        &mut self,
        list: &List<String>,
        fence: &Located<String>,
        key: &str,
    ) -> Located<Vec<Located<String>>> {
        let value = self.names(list);
        let origin = list.as_ref().map_or(fence.origin, |list| self.at(list));
        self.note_hollow(&["fences", &fence.value, key], list, value.len(), origin);
        Located { value, origin }
    }

    pub(super) fn names(&self, list: &List<String>) -> Vec<Located<String>> {
        let items = list.as_ref().map(|list| list.as_slice()).unwrap_or_default();
        items.iter().map(|item| self.located_string(item)).collect()
    }

    pub(super) fn located_option(&self, item: &Optional<String>) -> Option<Located<String>> {
        item.as_ref().map(|item| self.located_string(item))
    }

    /// A name that must be there. Without it the draft gets one that was written nowhere.
    fn required(
        &mut self,
        item: &Optional<String>,
        path: &[&str],
        within: Origin,
    ) -> Located<String> {
        if let Some(item) = item {
            return self.located_string(item);
        }
        self.missing(path, Some(within), "every entry needs one");
        Located::default()
    }

    /// Notes a list that is shorter than it was written, so that the fence's word on what is
    /// absent from it is not passed on.
    fn note_hollow(&mut self, path: &[&str], list: &List<String>, kept: usize, origin: Origin) {
        let written = list.as_ref().map_or(0, |list| list.len());
        if kept < written || self.lost.holds(path) {
            self.hollow.push(origin);
        }
    }
}
