//! A tenant: an account and the fences it may use.

use crate::{FenceId, Origin, RegionId, TenantId};

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) home: RegionId,
    pub(crate) fences: Vec<FenceId>,
    pub(crate) enclave: Option<String>,
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

    /// The fences it may use, never empty; the first is the default.
    pub fn fences(&self) -> &[FenceId] {
        &self.fences
    }

    /// The enclave it belongs to; `None` is the common one.
    pub fn enclave(&self) -> Option<&str> {
        self.enclave.as_deref()
    }
}
