//! How near a site is, for whoever asks.

use crate::{Policy, RegionId};

/// Why a site comes where it comes: nearest first. Numbers are places in a list, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Nearness {
    /// It lies in a preferred region: those of the question first, then the group's, then the
    /// account's.
    Preferred(usize),
    /// It lies in the client's region (0), or in the region around that (1), and so on.
    WithClient(usize),
    /// It lies in a region that the client's region calls near, or the region around that.
    Near(usize),
    /// It lies in the tenant's home region.
    Home,
    /// None of these.
    Elsewhere,
}

/// What nearness is measured by. A site in an inner region lies in the outer ones, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distances {
    prefer: Vec<RegionId>,
    client: Vec<RegionId>,
    near: Vec<RegionId>,
    home: Option<RegionId>,
    /// Of each region, itself and those around it.
    around: Vec<Vec<RegionId>>,
}

impl Distances {
    /// For a client in this region, under a fence of a tenant with this home.
    pub(crate) fn new(
        policy: &Policy,
        prefer: Vec<RegionId>,
        client: Option<RegionId>,
        home: Option<RegionId>,
    ) -> Self {
        let client: Vec<_> = client.into_iter().flat_map(|one| policy.outwards(one)).collect();
        let neighbours = |region: &RegionId| policy.regions.get(region.index());
        let near = client.iter().filter_map(neighbours).flat_map(|region| &region.near);
        let near = near.copied().collect();
        let all = (0..policy.regions.len()).filter_map(RegionId::from_index);
        let around = all.map(|region| policy.outwards(region).collect()).collect();
        Self { prefer, client, near, home, around }
    }

    pub(crate) fn client_region(&self) -> Option<RegionId> {
        self.client.first().copied()
    }

    pub(crate) fn nearness(&self, site: RegionId) -> Nearness {
        let around: &[RegionId] = self.around.get(site.index()).map_or(&[], Vec::as_slice);
        let place = |list: &[RegionId]| list.iter().position(|region| around.contains(region));
        let preferred = place(&self.prefer).map(Nearness::Preferred);
        preferred
            .or_else(|| place(&self.client).map(Nearness::WithClient))
            .or_else(|| place(&self.near).map(Nearness::Near))
            .or_else(|| self.home.filter(|home| around.contains(home)).map(|_| Nearness::Home))
            .unwrap_or(Nearness::Elsewhere)
    }
}
