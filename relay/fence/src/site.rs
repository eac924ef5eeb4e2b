//! A site: one place that runs relays.

use ipnet::IpNet;

use crate::{Origin, Policy, RegionId, SiteId};

#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) region: RegionId,
    /// `None` is the common enclave.
    pub(crate) enclave: Option<String>,
    /// The addresses its relays may have.
    pub(crate) addresses: Vec<IpNet>,
    /// Whether it is offered only when others are full.
    pub(crate) spare: bool,
    pub(crate) origin: Origin,
}

impl Policy {
    /// The region that a site lies in; `None` for a handle of another policy.
    pub fn site_region(&self, site: SiteId) -> Option<RegionId> {
        self.sites.get(site.index()).map(|site| site.region)
    }

    /// The enclave of a site; `None` is the common one.
    pub fn site_enclave(&self, site: SiteId) -> Option<&str> {
        self.sites.get(site.index())?.enclave.as_deref()
    }
}
