//! Regions: their prefixes, and which lies within which.

use std::collections::HashMap;

use ipnet::IpNet;

use crate::draft::RegionDraft;
use crate::names::Named;
use crate::region_map::RegionMap;
use crate::{Origin, PolicyError, RegionId};

use super::{declared, prefixes, resolve};

pub(super) struct Regions {
    pub(super) names: Named<()>,
    pub(super) map: RegionMap,
    /// Each region with the one it lies within, outer ones before inner ones.
    pub(super) outermost_first: Vec<(RegionId, Option<RegionId>)>,
}

pub(super) fn compile(draft: &[RegionDraft], errors: &mut Vec<PolicyError>) -> Regions {
    declared::check("region", draft.iter().map(|region| &region.name), errors);
    let names = declared::places(draft.iter().map(|region| &region.name));
    check_near(draft, &names, errors);
    let map = compile_map(draft, errors);
    let mut within = resolve_within(draft, &names, errors);
    let order = outermost_first(draft, &mut within, errors);
    let handles = |place: usize| {
        let outer = within[place].and_then(RegionId::from_index);
        RegionId::from_index(place).map(|region| (region, outer))
    };
    let outermost_first = order.into_iter().filter_map(handles).collect();
    Regions { names, map, outermost_first }
}

fn check_near(draft: &[RegionDraft], names: &Named<()>, errors: &mut Vec<PolicyError>) {
    for near in draft.iter().flat_map(|region| &region.near) {
        resolve::resolve("unknown_region", "region", near, names, errors);
    }
}

fn compile_map(draft: &[RegionDraft], errors: &mut Vec<PolicyError>) -> RegionMap {
    let mut map = RegionMap::new();
    let mut owners: HashMap<IpNet, (&str, Origin)> = HashMap::new();
    for (place, region) in draft.iter().enumerate() {
        let name = region.name.value.as_str();
        if region.cidrs.is_empty() {
            let message = format!("region `{name}` has no prefixes");
            errors.push(PolicyError::new("empty_region", region.name.origin, message));
        }
        for prefix in &region.cidrs {
            prefixes::check(prefix, errors);
            let net = prefix.value.trunc();
            if let Some(&(owner, origin)) = owners.get(&net) {
                let message = format!("`{net}` is in region `{owner}` and in region `{name}`");
                let error = PolicyError::new("duplicate_prefix", prefix.origin, message);
                errors.push(error.related(origin, format!("in region `{owner}` here")));
                continue;
            }
            owners.insert(net, (name, prefix.origin));
            if let Some(id) = RegionId::from_index(place) {
                map.insert(net, id);
            }
        }
    }
    map
}

fn resolve_within(
    draft: &[RegionDraft],
    names: &Named<()>,
    errors: &mut Vec<PolicyError>,
) -> Vec<Option<usize>> {
    let mut outer = |region: &RegionDraft| {
        let name = region.within.as_ref()?;
        resolve::resolve("unknown_region", "region", name, names, errors)
    };
    draft.iter().map(&mut outer).collect()
}

/// Follows each region outwards until a known end; cuts and reports every cycle.
fn outermost_first(
    draft: &[RegionDraft],
    within: &mut [Option<usize>],
    errors: &mut Vec<PolicyError>,
) -> Vec<usize> {
    let mut order = Vec::with_capacity(draft.len());
    let mut seen_from = vec![None; draft.len()];
    for start in 0..draft.len() {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(region) = next.filter(|&region| seen_from[region].is_none()) {
            seen_from[region] = Some(start);
            path.push(region);
            next = within[region];
        }
        if let Some(again) = next.filter(|&region| seen_from[region] == Some(start))
            && let Some(position) = path.iter().position(|&region| region == again)
        {
            errors.push(cycle(draft, &path[position..]));
            path.iter().for_each(|&region| within[region] = None);
        }
        order.extend(path.into_iter().rev());
    }
    order
}

fn cycle(draft: &[RegionDraft], members: &[usize]) -> PolicyError {
    let origin = |place: usize| draft[place].within.as_ref().map(|name| name.origin);
    let names: Vec<_> = members.iter().map(|&place| draft[place].name.value.as_str()).collect();
    let (first, others) = (members[0], &members[1..]);
    let message = format!("region `{}` lies within itself: {}", names[0], names.join(" in "));
    let error = PolicyError::new("within_cycle", origin(first).unwrap_or_default(), message);
    others.iter().fold(error, |error, &place| {
        error.related(origin(place).unwrap_or_default(), "and on from here")
    })
}
