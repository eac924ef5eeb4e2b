//! A compiled policy, and the decision.

use std::net::{IpAddr, SocketAddr};

use ipnet::Ipv6Net;

use crate::canonical::canonical_socket;
use crate::fence::{Fence, FenceList, FenceUse};
use crate::invariant::Invariant;
use crate::names::Named;
use crate::prefix_book::PrefixBook;
use crate::region::Region;
use crate::region_map::RegionMap;
use crate::site::Site;
use crate::{
    Atom, Canonical, Epoch, Origin, Pass, Prefix, Refusal, RegionId, Role, Rule, Scope, SiteId,
    Tenant, canonical,
};

/// A policy that has no contradiction. Immutable: a change makes a new one with a new epoch.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) epoch: Epoch,
    pub(crate) nat64: Box<[Ipv6Net]>,
    pub(crate) region_map: RegionMap,
    pub(crate) prefixes: PrefixBook,
    pub(crate) regions: Named<Region>,
    pub(crate) sites: Named<Site>,
    pub(crate) fences: Named<Fence>,
    pub(crate) uses: Vec<FenceUse>,
    pub(crate) tenants: Named<Tenant>,
    pub(crate) own_site: SiteId,
    pub(crate) own_standing: Result<(), Refusal>,
    pub(crate) own_addresses: Box<[IpAddr]>,
    pub(crate) primaries: u8,
    pub(crate) spares: u8,
    pub(crate) invariants: Vec<Invariant>,
}

impl Policy {
    /// The version of this policy.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The site that this relay runs at.
    pub fn own_site(&self) -> SiteId {
        self.own_site
    }

    /// Whether this relay is where it says it is: it declares addresses of its own, and all lie
    /// in its site's ranges.
    ///
    /// # Errors
    /// [`Rule::OwnAddressMissing`] or [`Rule::OwnAddressOutsideSite`]: no fenced work here.
    pub fn own_site_standing(&self) -> Result<(), Refusal> {
        self.own_standing
    }

    /// The region of `ip`, by longest prefix; behind NAT64, the region of the embedded address.
    ///
    /// # Errors
    /// The address is of a refused form, or in no region; behind NAT64, either address is.
    pub fn locate(&self, ip: IpAddr) -> Result<RegionId, Refusal> {
        let canonical = canonical(ip, &self.nat64).map_err(|rule| self.refusal(rule))?;
        self.locate_each(&canonical, |_| Ok(()))
    }

    /// The prefix that puts `ip` in its region, and where it was written. `None` where there is no
    /// region; a NAT64 address is taken as it is.
    pub fn prefix(&self, ip: IpAddr) -> Option<Prefix> {
        let ip = ip.to_canonical();
        self.region_map.locate(ip).ok().and_then(|_| self.prefixes.longest(ip))
    }

    /// The address space in pieces that this policy does not tell apart further, in order, IPv4
    /// before IPv6; together they are all of it.
    pub fn atoms(&self) -> impl Iterator<Item = Atom> {
        self.region_map.atoms()
    }

    /// THE decision: whether `addr` may take part as `role` under a fence, which a room may have
    /// narrowed, when `site` carries.
    ///
    /// # Errors
    /// In this order: the site's standing, its region in `transit` and in what the room requires,
    /// port 0, the form of the address, for a peer whether it is one of our own, its region, the
    /// region in the role's list and not among those the room refuses.
    pub fn decide<'a>(
        &self,
        scope: impl Into<Scope<'a>>,
        role: Role,
        addr: SocketAddr,
        site: SiteId,
    ) -> Result<Pass, Refusal> {
        let scope = scope.into();
        self.fence(scope.fence)?;
        self.may_carry(scope, site)?;
        if addr.port() == 0 {
            return Err(self.refusal(Rule::PortZero));
        }
        let (canonical, region) = self.admit_address(scope, role, addr.ip())?;
        let addr = canonical_socket(addr, &canonical);
        Ok(Pass::new(addr, region, scope.fence, self.epoch, role))
    }

    /// Whether anybody here could admit `addr` as a client: enough to be told how to authenticate,
    /// and no more. Tries the fences of all tenants of this site's enclave.
    ///
    /// # Errors
    /// What the first of those fences says, or that there is no tenant.
    pub fn greet(&self, addr: SocketAddr) -> Result<Pass, Refusal> {
        let enclave = &self.site(self.own_site)?.enclave;
        let tenants = self.tenants.iter().filter(|(_, tenant)| tenant.enclave == *enclave);
        let mut first = None;
        for &fence in tenants.flat_map(|(_, tenant)| &tenant.uses) {
            match self.decide(fence, Role::Client, addr, self.own_site) {
                Ok(pass) => return Ok(pass),
                // It was the address itself, so every other fence would say the same.
                Err(refusal) if refusal.region.is_none() => return Err(refusal),
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        Err(first.unwrap_or(self.refusal(Rule::UnknownTenant)))
    }

    /// A peer that is reached through a relayed address of this very relay: `client` is the pass of
    /// whoever has that allocation, judged as a peer. `None` unless it was, under this policy, and
    /// the relayed address is our own.
    pub fn through(&self, client: &Pass, relayed: SocketAddr) -> Option<Pass> {
        let judged = client.role() == Role::Peer && client.epoch() == self.epoch;
        let ours = self.is_own_address(relayed.ip()) && relayed.port() != 0;
        (judged && ours).then(|| client.readdressed(relayed))
    }

    /// Whether `ip` is an address of this relay or its host.
    pub fn is_own_address(&self, ip: IpAddr) -> bool {
        self.own_addresses.binary_search(&ip.to_canonical()).is_ok()
    }

    /// Handle of the region of this name.
    pub fn region_id(&self, name: &str) -> Option<RegionId> {
        self.regions.place(name).and_then(RegionId::from_index)
    }

    /// Name of a region; empty for a handle of another policy.
    pub fn region_name(&self, region: RegionId) -> &str {
        self.regions.name(region.index())
    }

    /// Handle of the site of this name.
    pub fn site_id(&self, name: &str) -> Option<SiteId> {
        self.sites.place(name).and_then(SiteId::from_index)
    }

    /// Name of a site; empty for a handle of another policy.
    pub fn site_name(&self, site: SiteId) -> &str {
        self.sites.name(site.index())
    }

    /// All tenants, in the order they were written.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().map(|(_, tenant)| tenant)
    }

    /// The tenant of this name.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.place(name).and_then(|place| self.tenants.get(place))
    }

    /// The part of [`Policy::decide`] that is about the address.
    pub(crate) fn admit_address(
        &self,
        scope: Scope<'_>,
        role: Role,
        ip: IpAddr,
    ) -> Result<(Canonical, RegionId), Refusal> {
        let (list, rule) = self.fence(scope.fence)?.list(role);
        let canonical = canonical(ip, &self.nat64).map_err(|rule| self.refusal(rule))?;
        if role == Role::Peer && self.is_own(&canonical) {
            return Err(self.refusal(Rule::OwnAddress));
        }
        let region = self.locate_each(&canonical, |region| {
            self.admit(list, rule, region)?;
            self.room_admits(scope, role, region)
        })?;
        Ok((canonical, region))
    }

    pub(crate) fn is_own(&self, canonical: &Canonical) -> bool {
        let embedded = canonical.embedded().map(IpAddr::V4);
        [Some(canonical.addr()), embedded].into_iter().flatten().any(|ip| self.is_own_address(ip))
    }

    pub(crate) fn site(&self, site: SiteId) -> Result<&Site, Refusal> {
        self.sites.get(site.index()).ok_or(self.refusal(Rule::UnknownSite))
    }

    /// Whether a site may carry, whoever its participants are.
    ///
    /// # Errors
    /// The site's standing, its region in the fence's transit and in what the room requires.
    pub fn may_carry(&self, scope: Scope<'_>, site: SiteId) -> Result<(), Refusal> {
        self.site(site)?;
        if site == self.own_site {
            self.own_standing?;
        }
        self.is_in_transit(scope, site)
    }

    /// Whether a site may carry if it is where it says it is.
    pub(crate) fn is_in_transit(&self, scope: Scope<'_>, site: SiteId) -> Result<(), Refusal> {
        let region = self.site(site)?.region;
        let lists = self.fence(scope.fence)?;
        self.admit(&lists.transit, Rule::SiteNotInTransit, region)?;
        self.room_carries(scope, region)
    }

    /// Locates the address and, behind NAT64, the embedded one; `judge` must accept both regions.
    fn locate_each(
        &self,
        canonical: &Canonical,
        judge: impl Fn(RegionId) -> Result<(), Refusal>,
    ) -> Result<RegionId, Refusal> {
        let one = |ip| {
            let region = self.region_map.locate(ip).map_err(|rule| self.refusal(rule))?;
            judge(region).map(|()| region)
        };
        let outer = one(canonical.addr())?;
        canonical.embedded().map_or(Ok(outer), |ip| one(ip.into()))
    }

    pub(crate) fn admit(
        &self,
        list: &FenceList,
        rule: Rule,
        region: RegionId,
    ) -> Result<(), Refusal> {
        if list.admits.contains(region) {
            return Ok(());
        }
        Err(Refusal { region: Some(region), ..self.refusal_at(rule, list.origin) })
    }

    pub(crate) fn refusal_at(&self, rule: Rule, origin: Origin) -> Refusal {
        Refusal { origin: Some(origin), ..self.refusal(rule) }
    }

    pub(crate) fn refusal(&self, rule: Rule) -> Refusal {
        Refusal { rule, origin: None, region: None, epoch: self.epoch }
    }
}

const _: () = {
    const fn shared_between_shards<T: Send + Sync>() {}
    shared_between_shards::<Policy>();
};
