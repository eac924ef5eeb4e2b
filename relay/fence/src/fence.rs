//! A fence: three lists of regions.

use crate::region_set::RegionSet;
use crate::{Origin, Role, Rule};

/// The three lists of a fence.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    pub(crate) clients: FenceList,
    pub(crate) peers: FenceList,
    pub(crate) transit: FenceList,
}

/// The regions that one list admits, those within the listed ones included.
#[derive(Clone, Debug)]
pub(crate) struct FenceList {
    pub(crate) admits: RegionSet,
    pub(crate) origin: Origin,
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
