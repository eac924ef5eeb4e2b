//! What a change of policy would open and close, before it is live.
//!
//! Exact over the whole address space, but for two things that no policy can open or that have no
//! other size: ISATAP addresses, which lie in every IPv6 network and are always refused, are not cut
//! out of what is shown; and where two policies read the IPv4 address of a NAT64 address at two
//! places, all that the old one admitted there counts as lost and all that the new one admits as
//! gained. Neither hides a widening.
//!
//! It is about what is written: whether this host's own addresses lie in its site's ranges, without
//! which it carries nothing, changes no [`UseChange`] and shows among the facts.

mod addresses;
mod data;
mod decided;
mod pairs;
mod sites;
mod use_change;

use std::sync::Arc;

use crate::Policy;
use crate::census::Census;
use crate::statements::{self, Fact};

pub use addresses::{Addresses, BehindNat64};
pub use data::RegionChange;
pub use use_change::{Change, Presence, UseChange, UseName};

use decided::Decisions;
use sites::Sites;

/// All that differs between two policies. Complete: whoever shows it cuts it.
#[derive(Debug)]
pub struct Plan {
    uses: Vec<UseChange>,
    regions: Vec<RegionChange>,
    facts: Vec<Fact>,
}

/// What `new` admits that `old` did not, and the other way round. Things are the same if they have
/// the same name.
pub fn plan(old: &Policy, new: &Policy) -> Plan {
    let census = Census::of(old, new);
    let mut decisions = Decisions::of(&census);
    let decided: Vec<_> =
        pairs::pairs(old, new).into_iter().map(|pair| decisions.judge(pair)).collect();
    let places = Arc::new(census.places(old, new, decisions.wanted()));
    let sites = Sites::of(old, new);
    let changes = decided.into_iter().filter_map(|one| one.change(&places, &sites));
    let mut uses: Vec<UseChange> = changes.collect();
    uses.sort_by(|a, b| a.name.cmp(&b.name));
    Plan { uses, regions: data::changes(old, new), facts: statements::differences(old, new) }
}

impl Plan {
    /// Whether anybody may do what nobody might before: an address is admitted, a site may carry, a
    /// fence may be used, or one no longer requires encryption.
    pub fn widens(&self) -> bool {
        self.uses.iter().any(UseChange::widens)
    }

    /// Whether somebody may no longer do what he might.
    pub fn narrows(&self) -> bool {
        self.uses.iter().any(UseChange::narrows)
    }

    /// Whether nothing differs that this relay knows of.
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.regions.is_empty() && self.facts.is_empty()
    }

    /// What changes for whom, by the names of tenant, fence and group. Only uses that change.
    pub fn uses(&self) -> &[UseChange] {
        &self.uses
    }

    /// What changes in the data: which addresses regions have, by the name of the region.
    pub fn regions(&self) -> &[RegionChange] {
        &self.regions
    }

    /// What is written otherwise, in order. Facts explain; what they open shows in [`Plan::uses`].
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}
