//! How sites fare. It orders what the fence allows, and takes away; it never adds.

use std::collections::BTreeMap;

use crate::SiteId;

/// Whether a site takes more work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Availability {
    /// It does.
    #[default]
    Up,
    /// It has as much as it can carry.
    Full,
    /// It does not answer, or is being drained.
    Down,
}

/// How one site fares.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SiteState {
    /// Whether it takes more work.
    pub availability: Availability,
    /// How much it has, in any unit that is the same for all sites; less comes first.
    pub load: u32,
}

/// How the sites of one policy fare. Of whom nothing is known is up and idle.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteStates {
    known: BTreeMap<SiteId, SiteState>,
}

impl SiteStates {
    /// From now on `site` fares so.
    pub fn set(&mut self, site: SiteId, state: SiteState) {
        self.known.insert(site, state);
    }

    pub(super) fn is_up(&self, site: SiteId) -> bool {
        self.availability(site) == Availability::Up
    }

    pub(super) fn availability(&self, site: SiteId) -> Availability {
        self.known.get(&site).map_or(Availability::Up, |state| state.availability)
    }

    pub(super) fn load(&self, site: SiteId) -> u32 {
        self.known.get(&site).map_or(0, |state| state.load)
    }
}

impl FromIterator<(SiteId, SiteState)> for SiteStates {
    fn from_iter<I: IntoIterator<Item = (SiteId, SiteState)>>(states: I) -> Self {
        Self { known: states.into_iter().collect() }
    }
}
