//! Regions: their prefixes, and which lies within which.

use crate::draft::{PolicyDraft, RegionDraft};
use crate::names::Named;
use crate::prefix_book::PrefixBook;
use crate::region::Region;
use crate::{PolicyError, RegionId};

use super::{declared, region_prefixes, resolve};

pub(super) struct Regions {
    pub(super) names: Named<Region>,
    pub(super) prefixes: PrefixBook,
    /// Each region with the one it lies within, outer ones before inner ones.
    pub(super) outermost_first: Vec<(RegionId, Option<RegionId>)>,
}

pub(super) fn compile(policy: &PolicyDraft, errors: &mut Vec<PolicyError>) -> Regions {
    let draft = policy.regions.as_slice();
    declared::check("region", draft.iter().map(|region| &region.name), errors);
    let names = declared::places(draft.iter().map(|region| &region.name));
    check_near(draft, &names, errors);
    let prefixes = region_prefixes::compile(policy, errors);
    let mut within = resolve_within(draft, &names, errors);
    let order = outermost_first(draft, &mut within, errors);
    let handles = |place: usize| {
        let outer = within[place].and_then(RegionId::from_index);
        RegionId::from_index(place).map(|region| (region, outer))
    };
    let outermost_first = order.into_iter().filter_map(handles).collect();
    let names = with_neighbours(draft, &names, &within);
    Regions { names, prefixes, outermost_first }
}

fn with_neighbours(
    draft: &[RegionDraft],
    names: &Named<()>,
    within: &[Option<usize>],
) -> Named<Region> {
    let mut regions = Named::default();
    for (region, within) in draft.iter().zip(within) {
        let near = region.near.iter().filter_map(|name| names.place(&name.value));
        let near = near.filter_map(RegionId::from_index).collect();
        let within = within.and_then(RegionId::from_index);
        regions.push(&region.name.value, Region { near, within });
    }
    regions
}

fn check_near(draft: &[RegionDraft], names: &Named<()>, errors: &mut Vec<PolicyError>) {
    for near in draft.iter().flat_map(|region| &region.near) {
        resolve::resolve("unknown_region", "region", near, names, errors);
    }
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
    let error = error.help("leave one of them out".to_owned());
    others.iter().fold(error, |error, &place| {
        error.related(origin(place).unwrap_or_default(), "and on from here")
    })
}
