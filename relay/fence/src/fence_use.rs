//! Which fence a tenant, or a group of it, works under.

use crate::fence::{Fence, FenceUse};
use crate::{FenceId, Policy, Refusal, Rule, Tenant};

impl Policy {
    /// A fence as `tenant` may use it: the one asked for, which must be the tenant's, or its default;
    /// narrowed by what the account requires and, if one is named, its group.
    ///
    /// # Errors
    /// Unknown tenant or group, a fence that is not its own, a site of another enclave.
    pub fn fence_of(
        &self,
        tenant: &str,
        asked: Option<&str>,
        group: Option<&str>,
    ) -> Result<FenceId, Refusal> {
        let tenant = self.tenant(tenant).ok_or(self.refusal(Rule::UnknownTenant))?;
        let refuse = |rule| self.refusal_at(rule, tenant.origin);
        let uses = tenant.uses_of(group).ok_or(refuse(Rule::UnknownGroup))?;
        let place = match asked {
            None => Some(0),
            Some(name) => tenant.fences.iter().position(|&fence| self.fence_name(fence) == name),
        };
        let fence = place.and_then(|place| uses.get(place).copied());
        let fence = fence.ok_or(refuse(Rule::FenceNotOfTenant))?;
        match self.site(self.own_site)?.enclave == tenant.enclave {
            true => Ok(fence),
            false => Err(refuse(Rule::WrongEnclave)),
        }
    }

    /// The fence of a room or an allocation that begins here: [`Policy::fence_of`], and this site
    /// may carry under it.
    ///
    /// # Errors
    /// As [`Policy::fence_of`]; this site is not in the fence's transit, or in bad standing.
    pub fn room_fence(
        &self,
        tenant: &str,
        asked: Option<&str>,
        group: Option<&str>,
    ) -> Result<FenceId, Refusal> {
        let fence = self.fence_of(tenant, asked, group)?;
        self.may_carry(fence.into(), self.own_site).map(|()| fence)
    }

    /// What this policy makes of a fence of an `old` one: the same tenant's, group's and name.
    ///
    /// # Errors
    /// It has no such tenant, group or fence any more.
    pub fn successor(&self, old: &Self, fence: FenceId) -> Result<FenceId, Refusal> {
        let name = Some(old.fence_name(fence));
        match old.fence_use(fence) {
            Some(used) => {
                let tenant = old.tenants.name(used.tenant.index());
                self.fence_of(tenant, name, old.group_name(fence))
            }
            None => self.fence_id(old.fence_name(fence)).ok_or(self.refusal(Rule::UnknownFence)),
        }
    }

    /// Handle of the fence of this name, as declared.
    pub fn fence_id(&self, name: &str) -> Option<FenceId> {
        self.fences.place(name).and_then(FenceId::from_index)
    }

    /// Name of a fence as it was declared; empty for a handle of another policy.
    pub fn fence_name(&self, fence: FenceId) -> &str {
        let declared = self.fence_use(fence).map_or(fence, |used| used.declared);
        self.fences.name(declared.index())
    }

    /// The tenant that uses a fence; `None` for a fence as declared.
    pub fn fence_tenant(&self, fence: FenceId) -> Option<&Tenant> {
        self.tenants.get(self.fence_use(fence)?.tenant.index())
    }

    /// The group that uses a fence; `None` for a whole account or a fence as declared.
    pub fn group_name(&self, fence: FenceId) -> Option<&str> {
        let used = self.fence_use(fence)?;
        let tenant = self.tenants.get(used.tenant.index())?;
        used.group.map(|group| tenant.groups.name(group))
    }

    /// Whether media that is evidently not encrypted ends a flow under this fence.
    pub fn requires_encryption(&self, fence: FenceId) -> bool {
        self.fence(fence).is_ok_and(|fence| fence.require_encryption)
    }

    pub(crate) fn fence(&self, fence: FenceId) -> Result<&Fence, Refusal> {
        let declared = self.fences.get(fence.index());
        let found = declared.or_else(|| self.fence_use(fence).map(|used| &used.fence));
        found.ok_or(self.refusal(Rule::UnknownFence))
    }

    /// Handles of uses follow those of the declared fences.
    pub(crate) fn fence_use(&self, fence: FenceId) -> Option<&FenceUse> {
        self.uses.get(fence.index().checked_sub(self.fences.len())?)
    }
}
