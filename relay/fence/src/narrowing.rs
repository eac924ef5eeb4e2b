//! What the host of a room leaves out of the room's fence.

use crate::region_set::RegionSet;
use crate::{Epoch, FenceId, Policy, Refusal, RegionId, Role, Rule};

/// A fence, and what one room leaves out of it. A fence alone is a scope, too.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The fence, as the tenant or group may use it.
    pub fence: FenceId,
    /// What the room leaves out.
    pub narrowing: Option<&'a Narrowing>,
}

/// What a room leaves out of its fence, in the words of whoever hosts it. It can only take away.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomRegions {
    /// Only sites in these regions may carry the room; `None` is every site of the fence.
    pub require: Option<Vec<String>>,
    /// Participants from these regions are refused.
    pub refuse: Vec<String>,
}

/// [`RoomRegions`] as one policy understands them. Only [`crate::Policy::narrow`] makes one, and
/// no other policy takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowing {
    pub(crate) epoch: Epoch,
    pub(crate) transit: Option<RegionSet>,
    pub(crate) refused: RegionSet,
}

impl From<FenceId> for Scope<'_> {
    fn from(fence: FenceId) -> Self {
        Self { fence, narrowing: None }
    }
}

impl Narrowing {
    /// Whether this leaves out at least all that `wider` does; both of one policy.
    pub fn is_within(&self, wider: &Self) -> bool {
        let transit = match (&self.transit, &wider.transit) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(wider)) => own.is_subset(wider),
        };
        self.epoch == wider.epoch && transit && wider.refused.is_subset(&self.refused)
    }
}

impl Policy {
    /// What `regions` leave out of a fence.
    ///
    /// # Errors
    /// A region that this policy does not have: a room that refuses it would otherwise stand open to
    /// whatever took its place. A required region outside of the fence's transit; the tenant's
    /// home left out.
    pub fn narrow(&self, fence: FenceId, regions: &RoomRegions) -> Result<Narrowing, Refusal> {
        let transit = regions.require.as_ref().map(|names| self.required(fence, names));
        let refused = self.inner_regions(&self.regions_named(&regions.refuse)?);
        Ok(Narrowing { epoch: self.epoch, transit: transit.transpose()?, refused })
    }

    fn required(&self, fence: FenceId, names: &[String]) -> Result<RegionSet, Refusal> {
        let lists = self.fence(fence)?;
        let named = self.regions_named(names)?;
        if let Some(&region) = named.iter().find(|&&region| !lists.transit.admits.contains(region))
        {
            let refusal = self.refusal_at(Rule::NotNarrower, lists.transit.origin);
            return Err(Refusal { region: Some(region), ..refusal });
        }
        let required = self.inner_regions(&named).and(&lists.transit.admits);
        let home = self.fence_tenant(fence).map(|tenant| (tenant.home, tenant.origin));
        match home.filter(|(home, _)| !required.contains(*home)) {
            None => Ok(required),
            Some((home, origin)) => {
                let refusal = self.refusal_at(Rule::HomeNotRequired, origin);
                Err(Refusal { region: Some(home), ..refusal })
            }
        }
    }

    pub(crate) fn regions_named(&self, names: &[String]) -> Result<Vec<RegionId>, Refusal> {
        let known = |name: &String| self.region_id(name).ok_or(self.refusal(Rule::UnknownRegion));
        names.iter().map(known).collect()
    }

    /// These regions and all that lie within them, however deep.
    pub(crate) fn inner_regions(&self, named: &[RegionId]) -> RegionSet {
        let mut set = RegionSet::with_room_for(self.regions.len());
        let all = (0..self.regions.len()).filter_map(RegionId::from_index);
        for region in all {
            if self.outwards(region).any(|outer| named.contains(&outer)) {
                set.insert(region);
            }
        }
        set
    }

    /// The region, the one it lies within, and so on.
    pub(crate) fn outwards(&self, region: RegionId) -> impl Iterator<Item = RegionId> {
        std::iter::successors(Some(region), |region| {
            self.regions.get(region.index()).and_then(|region| region.within)
        })
    }

    /// Whether the room lets sites in this region carry it.
    pub(crate) fn room_carries(&self, scope: Scope<'_>, region: RegionId) -> Result<(), Refusal> {
        let Some(narrowing) = self.current(scope)? else {
            return Ok(());
        };
        match narrowing.transit.as_ref().is_none_or(|transit| transit.contains(region)) {
            true => Ok(()),
            false => Err(self.refused_in(region, Rule::SiteNotRequired)),
        }
    }

    /// Whether the room lets this region in.
    pub(crate) fn room_admits(
        &self,
        scope: Scope<'_>,
        role: Role,
        region: RegionId,
    ) -> Result<(), Refusal> {
        match self.current(scope)? {
            Some(narrowing) if role != Role::Transit && narrowing.refused.contains(region) => {
                Err(self.refused_in(region, Rule::RegionRefusedByRoom))
            }
            _ => Ok(()),
        }
    }

    fn current<'a>(&self, scope: Scope<'a>) -> Result<Option<&'a Narrowing>, Refusal> {
        match scope.narrowing {
            Some(narrowing) if narrowing.epoch != self.epoch => {
                Err(self.refusal(Rule::StaleNarrowing))
            }
            narrowing => Ok(narrowing),
        }
    }

    pub(crate) fn refused_in(&self, region: RegionId, rule: Rule) -> Refusal {
        Refusal { region: Some(region), ..self.refusal(rule) }
    }
}
