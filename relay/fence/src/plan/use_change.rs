//! What changes for one tenant under one fence.

use std::fmt;

use super::Addresses;

/// What is gained and what is lost.
#[derive(Clone, Debug, Default)]
pub struct Change<T> {
    /// Allowed now, refused before.
    pub gained: T,
    /// Refused now, allowed before.
    pub lost: T,
}

/// Who uses which fence. Sorted by tenant, then fence, then group, the whole account first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct UseName {
    /// The tenant.
    pub tenant: String,
    /// The fence, as declared; `None` is whichever the tenant gets if it asks for none.
    pub fence: Option<String>,
    /// The group; `None` is the whole account.
    pub group: Option<String>,
}

/// Which of the two policies have a use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Presence {
    /// Only the new one: everything it admits is gained.
    Added,
    /// Only the old one: everything it admitted is lost.
    Removed,
    /// Both.
    Kept,
}

/// What changes for one tenant, or one group of it, under one fence.
#[derive(Clone, Debug)]
pub struct UseChange {
    /// Whose change it is.
    pub name: UseName,
    /// Whether it is new or gone.
    pub presence: Presence,
    /// Addresses that may be participants or TURN clients.
    pub clients: Change<Addresses>,
    /// Addresses that may be TURN peers.
    pub peers: Change<Addresses>,
    /// Sites that may carry, by name: of the tenant's enclave, and in a region of the use's transit.
    pub transit: Change<Vec<String>>,
    /// Whether evidently unencrypted media is let through, and was not before.
    pub encryption_dropped: bool,
    /// Whether evidently unencrypted media ends a flow, and did not before.
    pub encryption_required: bool,
}

impl UseChange {
    /// Whether it allows anything that was not.
    pub fn widens(&self) -> bool {
        self.presence == Presence::Added
            || !self.clients.gained.is_empty()
            || !self.peers.gained.is_empty()
            || !self.transit.gained.is_empty()
            || self.encryption_dropped
    }

    /// Whether it takes anything away.
    pub fn narrows(&self) -> bool {
        self.presence == Presence::Removed
            || !self.clients.lost.is_empty()
            || !self.peers.lost.is_empty()
            || !self.transit.lost.is_empty()
            || self.encryption_required
    }
}

impl fmt::Display for UseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fence {
            Some(fence) => write!(f, "fence `{fence}` of tenant `{}`", self.tenant)?,
            None => write!(f, "the default fence of tenant `{}`", self.tenant)?,
        }
        match &self.group {
            Some(group) => write!(f, ", group `{group}`"),
            None => Ok(()),
        }
    }
}
