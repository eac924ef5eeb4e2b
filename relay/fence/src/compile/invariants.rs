//! Invariants: sentences about regions that exist.

use std::collections::HashMap;

use crate::draft::InvariantDraft;
use crate::invariant::Invariant;
use crate::region_set::RegionSet;
use crate::{Located, PolicyError, RegionId};

use super::declared::ANY;
use super::regions::Regions;
use super::{fences, resolve};

pub(super) fn compile(
    draft: &[InvariantDraft],
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> Vec<Invariant> {
    check_names(draft, errors);
    let each = |invariant: &InvariantDraft| compile_one(invariant, regions, errors);
    draft.iter().map(each).collect()
}

fn check_names(draft: &[InvariantDraft], errors: &mut Vec<PolicyError>) {
    let mut first = HashMap::new();
    for name in draft.iter().map(|invariant| &invariant.name) {
        if let Some(&earlier) = first.get(name.value.as_str()) {
            let error =
                PolicyError::new("duplicate_name", name.origin, "two invariants have this name");
            let error = error.related(earlier, "first here");
            errors.push(error.help("name one of them anew".to_owned()));
        }
        first.entry(name.value.as_str()).or_insert(name.origin);
    }
}

fn compile_one(
    draft: &InvariantDraft,
    regions: &Regions,
    errors: &mut Vec<PolicyError>,
) -> Invariant {
    let clients = listed(&draft.clients, regions, true, errors);
    let peers = (!draft.peers.is_empty()).then(|| listed(&draft.peers, regions, true, errors));
    let never_transit = listed(&draft.never_transit, regions, false, errors);
    let (name, origin) = (draft.name.value.clone(), draft.name.origin);
    Invariant { name, clients, peers, never_transit, origin }
}

/// The named regions and those within them.
fn listed(
    names: &[Located<String>],
    regions: &Regions,
    may_be_any: bool,
    errors: &mut Vec<PolicyError>,
) -> RegionSet {
    let is_any = |name: &&Located<String>| may_be_any && name.value == ANY;
    let any = names.iter().any(|name| is_any(&name));
    let mut listed = Vec::new();
    for name in names.iter().filter(|name| !is_any(name)) {
        let place = resolve::resolve("unknown_region", "region", name, &regions.names, errors);
        listed.extend(place.and_then(RegionId::from_index));
    }
    fences::admitted(regions, |region| any || listed.contains(&region))
}
