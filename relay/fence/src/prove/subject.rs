//! One use of a fence, and the promises that speak of it alone.

use std::net::IpAddr;

use crate::census::{Census, Seen};
use crate::fence::FenceUse;
use crate::region_set::RegionSet;
use crate::select::{Fenced, Standing};
use crate::{FenceId, Policy, RegionId, Role, SiteId, Tenant, UseName};

use super::{Check, Example, Lack, Violation};

/// A use of a fence, with the sites that may be offered under it.
pub(super) struct Subject<'a> {
    pub(super) policy: &'a Policy,
    census: &'a Census,
    pub(super) tenant: &'a Tenant,
    pub(super) used: &'a FenceUse,
    /// What sites are offered out of, whatever their state.
    pub(super) fenced: Fenced,
    /// The regions of these sites.
    pub(super) site_regions: RegionSet,
}

/// An end that the fence admits.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) address: IpAddr,
    pub(super) seen: Seen,
}

impl<'a> Subject<'a> {
    /// All uses of the policy.
    pub(super) fn all(policy: &'a Policy, census: &'a Census) -> impl Iterator<Item = Subject<'a>> {
        policy.uses.iter().enumerate().filter_map(move |(place, used)| {
            let fence = FenceId::from_index(policy.fences.len() + place)?;
            let tenant = policy.tenants.get(used.tenant.index())?;
            let fenced = policy.fenced(fence.into(), None, Standing::TakenAsGood);
            let mut site_regions = RegionSet::with_room_for(policy.regions.len());
            fenced.sites.iter().for_each(|&(_, region)| site_regions.insert(region));
            Some(Subject { policy, census, tenant, used, fenced, site_regions })
        })
    }

    pub(super) fn home_left_out(&self) -> Option<Violation> {
        let transit = &self.used.fence.transit;
        let home = self.tenant.home;
        (!transit.admits.contains(home)).then(|| Violation {
            check: Check::HomeKept,
            origin: transit.origin,
            example: Example::HomeLeftOut {
                name: self.name(),
                home: self.policy.region_name(home).to_owned(),
            },
        })
    }

    /// Asks of what is offered what the fence should have asked.
    pub(super) fn offered_outside(&self) -> Option<Violation> {
        let outside = |site: SiteId| {
            let site = self.policy.sites.get(site.index());
            site.is_none_or(|site| {
                site.enclave != self.tenant.enclave
                    || !self.used.fence.transit.admits.contains(site.region)
            })
        };
        let client = self.admitted(Role::Client, |_| true);
        let is_outside = |site, _: RegionId| outside(site);
        let example = self.carried(client, None, is_outside)?;
        let origin = self.used.fence.transit.origin;
        Some(Violation { check: Check::OffersInsideFence, origin, example })
    }

    pub(super) fn admits_nobody(&self) -> Option<Violation> {
        let fence = &self.used.fence;
        let (lacks, origin) = if self.fenced.sites.is_empty() {
            (Lack::Site, fence.transit.origin)
        } else if self.admitted(Role::Client, |_| true).is_none() {
            (Lack::Client, fence.clients.origin)
        } else {
            return None;
        };
        let example = Example::Nobody { name: self.name(), lacks };
        Some(Violation { check: Check::AdmitsSomebody, origin, example })
    }

    /// Somebody of whom this is true and whom the fence admits.
    pub(super) fn admitted(&self, role: Role, is_meant: impl Fn(&Seen) -> bool) -> Option<End> {
        let ends = self
            .census
            .classes()
            .iter()
            .filter_map(|&(class, address)| class.new.map(|seen| End { address, seen }));
        ends.into_iter()
            .find(|end| end.seen.admitted_by(&self.used.fence, role) && is_meant(&end.seen))
    }

    pub(super) fn name(&self) -> UseName {
        let fence = self.policy.fences.name(self.used.declared.index());
        let group = self.used.group.map(|group| self.tenant.groups.name(group).to_owned());
        UseName { tenant: self.tenant.name.clone(), fence: Some(fence.to_owned()), group }
    }
}
