//! A tenant: an account and the fences it may use.

use crate::names::Named;
use crate::{FenceId, Origin, RegionId, TenantId};

/// An account.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) home: RegionId,
    /// As declared, in the order of the file.
    pub(crate) fences: Vec<FenceId>,
    /// The same as the account may use them.
    pub(crate) uses: Vec<FenceId>,
    pub(crate) groups: Named<Group>,
    pub(crate) enclave: Option<String>,
}

/// Some of a tenant's users.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The tenant's fences as this group may use them, in the tenant's order.
    pub(crate) uses: Vec<FenceId>,
}

impl Tenant {
    /// Its handle.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region that each of its fences keeps in transit.
    pub fn home(&self) -> RegionId {
        self.home
    }

    /// The fences it may use, as declared, never empty; the first is the default.
    pub fn fences(&self) -> &[FenceId] {
        &self.fences
    }

    /// Its groups, by name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(name, _)| name)
    }

    /// The enclave it belongs to; `None` is the common one.
    pub fn enclave(&self) -> Option<&str> {
        self.enclave.as_deref()
    }

    /// Its fences as a group of it may use them, or as the account does.
    pub(crate) fn uses_of(&self, group: Option<&str>) -> Option<&[FenceId]> {
        match group {
            None => Some(&self.uses),
            Some(name) => {
                let place = self.groups.place(name)?;
                self.groups.get(place).map(|group| group.uses.as_slice())
            }
        }
    }
}
