//! A fence: three lists of regions, as declared and as a tenant or group may use it.

use crate::region_set::RegionSet;
use crate::{FenceId, Origin, RegionId, Role, Rule, TenantId};

/// The three lists of a fence.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    pub(crate) clients: FenceList,
    pub(crate) peers: FenceList,
    pub(crate) transit: FenceList,
    /// Whether media that is evidently not encrypted ends the flow.
    pub(crate) require_encryption: bool,
}

/// The regions that one list admits, those within the listed ones included.
#[derive(Clone, Debug)]
pub(crate) struct FenceList {
    pub(crate) admits: RegionSet,
    pub(crate) origin: Origin,
}

/// A fence as one tenant, or one of its groups, may use it: what is declared, less what the account
/// and the group leave out.
#[derive(Clone, Debug)]
pub(crate) struct FenceUse {
    pub(crate) declared: FenceId,
    pub(crate) tenant: TenantId,
    /// Place among the tenant's groups.
    pub(crate) group: Option<usize>,
    pub(crate) fence: Fence,
    /// Regions whose sites come first, in this order; only an order.
    pub(crate) prefer: Vec<RegionId>,
}

impl Fence {
    /// The list that a role is judged by, and the rule that it refuses with.
    pub(crate) fn list(&self, role: Role) -> (&FenceList, Rule) {
        match role {
            Role::Client => (&self.clients, Rule::RegionNotInClients),
            Role::Peer => (&self.peers, Rule::RegionNotInPeers),
            Role::Transit => (&self.transit, Rule::RegionNotInTransit),
        }
    }
}
