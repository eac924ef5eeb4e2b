//! A compiled policy, and the decision.

use std::net::{IpAddr, SocketAddr};

use ipnet::Ipv6Net;

use crate::canonical::canonical_socket;
use crate::fence::{Fence, FenceList};
use crate::names::Named;
use crate::region_map::RegionMap;
use crate::site::Site;
use crate::{
    Canonical, Epoch, FenceId, Origin, Pass, Refusal, RegionId, Role, Rule, SiteId, Tenant,
    canonical,
};

/// A policy that has no contradiction. Immutable: a change makes a new one with a new epoch.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) epoch: Epoch,
    pub(crate) nat64: Box<[Ipv6Net]>,
    pub(crate) region_map: RegionMap,
    pub(crate) regions: Named<()>,
    pub(crate) sites: Named<Site>,
    pub(crate) fences: Named<Fence>,
    pub(crate) tenants: Named<Tenant>,
    pub(crate) own_site: SiteId,
    pub(crate) own_standing: Result<(), Refusal>,
    pub(crate) own_addresses: Box<[IpAddr]>,
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

    /// THE decision: whether `addr` may take part as `role` under `fence` when `site` carries.
    ///
    /// # Errors
    /// In this order: the site's standing, its region in `transit`, port 0, the form of the
    /// address, for a peer whether it is one of our own, its region, the region in the role's list.
    pub fn decide(
        &self,
        fence: FenceId,
        role: Role,
        addr: SocketAddr,
        site: SiteId,
    ) -> Result<Pass, Refusal> {
        let lists = self.fence(fence)?;
        self.may_carry(lists, site)?;
        if addr.port() == 0 {
            return Err(self.refusal(Rule::PortZero));
        }
        let canonical = canonical(addr.ip(), &self.nat64).map_err(|rule| self.refusal(rule))?;
        if role == Role::Peer && self.is_own(&canonical) {
            return Err(self.refusal(Rule::OwnAddress));
        }
        let (list, rule) = lists.list(role);
        let region = self.locate_each(&canonical, |region| self.admit(list, rule, region))?;
        let addr = canonical_socket(addr, &canonical);
        Ok(Pass::new(addr, region, fence, self.epoch, role))
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
        for &fence in tenants.flat_map(|(_, tenant)| &tenant.fences) {
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

    /// The fence of a room that `tenant` makes at this site: the one asked for, which must be the
    /// tenant's, or its default.
    ///
    /// # Errors
    /// Unknown tenant, a fence that is not its own, a site of another enclave or that may not
    /// carry under this fence.
    pub fn room_fence(&self, tenant: &str, asked: Option<&str>) -> Result<FenceId, Refusal> {
        let tenant = self.tenant(tenant).ok_or(self.refusal(Rule::UnknownTenant))?;
        let refuse = |rule| self.refusal_at(rule, tenant.origin);
        let fence = match asked {
            None => tenant.fences.first().copied(),
            Some(name) => self.fence_id(name).filter(|fence| tenant.fences.contains(fence)),
        };
        let fence = fence.ok_or(refuse(Rule::FenceNotOfTenant))?;
        let site = self.site(self.own_site)?;
        if site.enclave != tenant.enclave {
            return Err(refuse(Rule::WrongEnclave));
        }
        self.may_carry(self.fence(fence)?, self.own_site).map(|()| fence)
    }

    /// Handle of the fence of this name.
    pub fn fence_id(&self, name: &str) -> Option<FenceId> {
        self.fences.place(name).and_then(FenceId::from_index)
    }

    /// Name of a fence; empty for a handle of another policy.
    pub fn fence_name(&self, fence: FenceId) -> &str {
        self.fences.name(fence.index())
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

    /// The tenant of this name.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.place(name).and_then(|place| self.tenants.get(place))
    }

    fn is_own(&self, canonical: &Canonical) -> bool {
        let embedded = canonical.embedded().map(IpAddr::V4);
        [Some(canonical.addr()), embedded].into_iter().flatten().any(|ip| self.is_own_address(ip))
    }

    fn fence(&self, fence: FenceId) -> Result<&Fence, Refusal> {
        self.fences.get(fence.index()).ok_or(self.refusal(Rule::UnknownFence))
    }

    fn site(&self, site: SiteId) -> Result<&Site, Refusal> {
        self.sites.get(site.index()).ok_or(self.refusal(Rule::UnknownSite))
    }

    fn may_carry(&self, fence: &Fence, site: SiteId) -> Result<(), Refusal> {
        let region = self.site(site)?.region;
        if site == self.own_site {
            self.own_standing?;
        }
        self.admit(&fence.transit, Rule::SiteNotInTransit, region)
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

    fn admit(&self, list: &FenceList, rule: Rule, region: RegionId) -> Result<(), Refusal> {
        if list.admits.contains(region) {
            return Ok(());
        }
        Err(Refusal { region: Some(region), ..self.refusal_at(rule, list.origin) })
    }

    fn refusal_at(&self, rule: Rule, origin: Origin) -> Refusal {
        Refusal { origin: Some(origin), ..self.refusal(rule) }
    }

    fn refusal(&self, rule: Rule) -> Refusal {
        Refusal { rule, origin: None, region: None, epoch: self.epoch }
    }
}

const _: () = {
    const fn shared_between_shards<T: Send + Sync>() {}
    shared_between_shards::<Policy>();
};
