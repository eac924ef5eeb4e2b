//! Fences as tenants and their groups may use them: each level takes away from the one above.

use crate::draft::{ChoiceDraft, TenantDraft};
use crate::fence::{Fence, FenceList, FenceUse};
use crate::names::Named;
use crate::tenant::Group;
use crate::{FenceId, Located, PolicyError, RegionId, Tenant, TenantId};

use super::regions::Regions;
use super::{declared, fences, resolve};

/// More than any policy that can be read in a second has.
const USES_MAX: usize = 1 << 20;

/// All uses of all tenants; writes their handles into the tenants.
pub(super) fn compile(
    draft: &[TenantDraft],
    tenants: &mut Named<Tenant>,
    fences: &Named<Fence>,
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> Vec<FenceUse> {
    let mut uses = Uses { fences, regions, all: Vec::new() };
    for draft in draft {
        let Some(tenant) = tenants.place(&draft.name.value).and_then(|at| tenants.get_mut(at))
        else {
            continue;
        };
        uses.of_tenant(draft, tenant, errors);
        if uses.all.len() > USES_MAX {
            let message = format!("more than {USES_MAX} fences of tenants and their groups");
            errors.push(PolicyError::new("too_many", draft.name.origin, message));
            break;
        }
    }
    uses.all
}

struct Uses<'a> {
    fences: &'a Named<Fence>,
    regions: &'a Regions,
    all: Vec<FenceUse>,
}

/// What a level leaves of the sites' regions.
struct Level {
    /// `None`: all.
    transit: Option<FenceList>,
    prefer: Vec<RegionId>,
}

impl Uses<'_> {
    fn of_tenant(
        &mut self,
        draft: &TenantDraft,
        tenant: &mut Tenant,
        errors: &mut Vec<PolicyError>,
    ) {
        let mut account = self.level(&draft.choice, errors);
        self.check_home(draft, &account, tenant.home, errors);
        if draft.locked_to_home {
            let admits = fences::admitted(self.regions, |region| region == tenant.home);
            account.transit = Some(FenceList { admits, origin: draft.home.origin });
        }
        tenant.uses = self.all_of(tenant.id, None, tenant, &[&account]);
        declared::check("group", draft.groups.iter().map(|group| &group.name), errors);
        for (place, group) in draft.groups.iter().enumerate() {
            let level = self.level(&group.choice, errors);
            self.check_home(draft, &level, tenant.home, errors);
            check_narrower(&account, &level, group.choice.require.as_ref(), self.regions, errors);
            let uses = self.all_of(tenant.id, Some(place), tenant, &[&account, &level]);
            tenant.groups.push(&group.name.value, Group { uses });
        }
    }

    fn level(&self, choice: &ChoiceDraft, errors: &mut Vec<PolicyError>) -> Level {
        let names = &self.regions.names;
        let mut place = |name: &Located<String>| {
            let place = resolve::resolve("unknown_region", "region", name, names, errors);
            place.and_then(RegionId::from_index)
        };
        let prefer = choice.prefer.iter().filter_map(&mut place).collect();
        let transit = choice.require.as_ref().map(|require| {
            let listed: Vec<RegionId> = require.value.iter().filter_map(&mut place).collect();
            let admits = fences::admitted(self.regions, |region| listed.contains(&region));
            FenceList { admits, origin: require.origin }
        });
        Level { transit, prefer }
    }

    /// Nothing takes the home region away.
    fn check_home(
        &self,
        draft: &TenantDraft,
        level: &Level,
        home: RegionId,
        errors: &mut Vec<PolicyError>,
    ) {
        if let Some(transit) = &level.transit
            && !transit.admits.contains(home)
        {
            let (tenant, home) = (&draft.name.value, &draft.home.value);
            let message = format!("home `{home}` of tenant `{tenant}` is not in this `require`");
            let error = PolicyError::new("home_not_required", transit.origin, message);
            let error = error.related(draft.home.origin, "the tenant's home");
            errors.push(error.help(format!("add `{home}`: the home region cannot be left out")));
        }
    }

    fn all_of(
        &mut self,
        id: TenantId,
        group: Option<usize>,
        tenant: &Tenant,
        levels: &[&Level],
    ) -> Vec<FenceId> {
        let narrowed = |&declared: &FenceId| {
            let mut fence = self.fences.get(declared.index())?.clone();
            for list in levels.iter().filter_map(|level| level.transit.as_ref()) {
                narrow(&mut fence.transit, list);
            }
            let prefer = levels.iter().rev().flat_map(|level| level.prefer.iter().copied());
            Some(FenceUse { declared, tenant: id, group, fence, prefer: prefer.collect() })
        };
        let new: Vec<FenceUse> = tenant.fences.iter().filter_map(narrowed).collect();
        let first = self.fences.len() + self.all.len();
        let handles = (first..first + new.len()).filter_map(FenceId::from_index).collect();
        self.all.extend(new);
        handles
    }
}

/// The origin stays the fence's own where nothing was taken away.
fn narrow(transit: &mut FenceList, by: &FenceList) {
    let admits = transit.admits.and(&by.admits);
    if admits != transit.admits {
        *transit = FenceList { admits, origin: by.origin };
    }
}

fn check_narrower(
    account: &Level,
    group: &Level,
    written: Option<&Located<Vec<Located<String>>>>,
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) {
    let (Some(above), Some(own), Some(written)) = (&account.transit, &group.transit, written)
    else {
        return;
    };
    if own.admits.is_subset(&above.admits) {
        return;
    }
    let outside = |name: &&Located<String>| {
        let region = regions.names.place(&name.value).and_then(RegionId::from_index);
        region.is_some_and(|region| !above.admits.contains(region))
    };
    let name = written.value.iter().find(outside);
    let origin = name.map_or(written.origin, |name| name.origin);
    let message = "a group cannot require a region that its account leaves out";
    let error = PolicyError::new("not_narrower", origin, message);
    errors.push(error.related(above.origin, "what the account has"));
}
