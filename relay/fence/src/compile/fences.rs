//! Fences: from listed names to the set of regions they admit.

use crate::draft::FenceDraft;
use crate::fence::{Fence, FenceList};
use crate::names::Named;
use crate::region_set::RegionSet;
use crate::{Located, PolicyError, RegionId};

use super::declared::{self, ANY};
use super::regions::Regions;
use super::resolve;

pub(super) fn compile(
    draft: &[FenceDraft],
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> Named<Fence> {
    declared::check("fence", draft.iter().map(|fence| &fence.name), errors);
    let mut fences = Named::default();
    for fence in draft {
        let clients = compile_list(&fence.clients, regions, errors);
        let peers = compile_list(&fence.peers, regions, errors);
        let transit = compile_list(&fence.transit, regions, errors);
        fences.push(
            &fence.name.value,
            Fence { clients, peers, transit, require_encryption: fence.require_encryption },
        );
    }
    fences
}

fn compile_list(
    list: &Located<Vec<Located<String>>>,
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> FenceList {
    let any = list.value.iter().find(|name| name.value == ANY);
    if let Some(any) = any
        && list.value.len() > 1
    {
        let message = format!("`{ANY}` is mixed with other names");
        let error = PolicyError::new("any_mixed", any.origin, message);
        errors.push(error.help(format!("write [\"{ANY}\"], or the names alone")));
    }
    let listed = resolve_listed(&list.value, regions, errors);
    let admits = admitted(regions, |region| any.is_some() || listed.contains(region));
    FenceList { admits, origin: list.origin }
}

fn resolve_listed(
    names: &[Located<String>],
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> RegionSet {
    let mut listed = RegionSet::with_room_for(regions.names.len());
    for name in names.iter().filter(|name| name.value != ANY) {
        let place = resolve::resolve("unknown_region", "region", name, &regions.names, errors);
        if let Some(region) = place.and_then(RegionId::from_index) {
            listed.insert(region);
        }
    }
    listed
}

/// The listed regions and all that lie within them, however deep.
pub(super) fn admitted(regions: &Regions, listed: impl Fn(RegionId) -> bool) -> RegionSet {
    let mut admits = RegionSet::with_room_for(regions.names.len());
    for &(region, outer) in &regions.outermost_first {
        if listed(region) || outer.is_some_and(|outer| admits.contains(outer)) {
            admits.insert(region);
        }
    }
    admits
}
