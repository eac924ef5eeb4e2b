//! The sites that the fence allows, and why it refuses the others.

use crate::region_set::RegionSet;
use crate::{Policy, Refusal, RegionId, Rule, Scope, SiteId};

use super::{NotOffered, RefusedSite};

/// The sites of the tenant's enclave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fenced {
    /// Those that may carry, each with its region, as declared.
    pub(crate) sites: Vec<(SiteId, RegionId)>,
    pub(crate) refused: Vec<RefusedSite>,
}

/// Whether this relay's own addresses are looked at before its own site is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Judged,
    /// What is written is judged, on whatever host.
    TakenAsGood,
}

impl Policy {
    /// THE list that sites are offered out of. `required` can only take away.
    pub(crate) fn fenced(
        &self,
        scope: Scope<'_>,
        required: Option<&RegionSet>,
        standing: Standing,
    ) -> Fenced {
        let mut fenced = Fenced::default();
        let Some(tenant) = self.fence_tenant(scope.fence) else { return fenced };
        for (place, (_, site)) in self.sites.iter().enumerate() {
            let Some(id) = SiteId::from_index(place) else { continue };
            if site.enclave != tenant.enclave {
                continue;
            }
            let may = match standing {
                Standing::Judged => self.may_carry(scope, id),
                Standing::TakenAsGood => self.is_in_transit(scope, id),
            };
            match may.and_then(|()| self.is_required(required, site.region)) {
                Ok(()) => fenced.sites.push((id, site.region)),
                Err(refusal) => fenced.refused.push(RefusedSite {
                    site: id,
                    region: site.region,
                    reason: NotOffered::Refused(refusal),
                }),
            }
        }
        fenced
    }

    fn is_required(&self, required: Option<&RegionSet>, region: RegionId) -> Result<(), Refusal> {
        match required.is_none_or(|required| required.contains(region)) {
            true => Ok(()),
            false => Err(self.refused_in(region, Rule::SiteNotRequired)),
        }
    }
}
