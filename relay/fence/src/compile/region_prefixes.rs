//! The prefixes of regions: those of the configuration, and those that their labels stand for.

use crate::draft::{PolicyDraft, RegionDraft};
use crate::label_table::LabelTable;
use crate::names::Named;
use crate::prefix_book::{Prefix, PrefixBook};
use crate::{Located, Origin, PolicyError, RegionId};

use super::{prefixes, resolve};

pub(super) fn compile(draft: &PolicyDraft, errors: &mut Vec<PolicyError>) -> PrefixBook {
    draft.regions.iter().for_each(|region| check_not_empty(region, errors));
    let data = draft.region_data.as_ref();
    let users = label_users(draft, data.map(|data| &*data.table), errors);
    let written = written(&draft.regions, errors);
    let book = PrefixBook::new(written.clone(), data.map(|data| (data.clone(), users)));
    for prefix in &written {
        if let Some(other) = book.in_data(prefix.net) {
            errors.push(duplicate(&draft.regions, prefix, &other));
        }
    }
    book
}

fn check_not_empty(region: &RegionDraft, errors: &mut Vec<PolicyError>) {
    if region.cidrs.is_empty() && region.labels.is_empty() {
        let message = format!("region `{}` has no prefixes", region.name.value);
        let error = PolicyError::new("empty_region", region.name.origin, message);
        errors.push(error.help("give it `cidrs`, or `labels` of the region data".to_owned()));
    }
}

/// The prefixes of the configuration, sorted, without those that are there twice.
fn written(regions: &[RegionDraft], errors: &mut Vec<PolicyError>) -> Vec<Prefix> {
    let mut all = Vec::new();
    for (place, region) in regions.iter().enumerate() {
        for prefix in &region.cidrs {
            prefixes::check(prefix, errors);
            let Located { value, origin } = *prefix;
            let id = RegionId::from_index(place);
            all.extend(id.map(|region| Prefix { net: value.trunc(), region, origin }));
        }
    }
    all.sort_by_key(|prefix: &Prefix| prefix.net);
    all.dedup_by(|again, first| {
        let same = again.net == first.net;
        if same {
            errors.push(duplicate(regions, again, first));
        }
        same
    });
    all
}

fn duplicate(regions: &[RegionDraft], again: &Prefix, first: &Prefix) -> PolicyError {
    let name = |prefix: &Prefix| {
        regions.get(prefix.region.index()).map_or("", |region| region.name.value.as_str())
    };
    let (owner, other) = (name(first), name(again));
    let message = format!("`{}` is in region `{owner}` and in region `{other}`", again.net);
    let error = PolicyError::new("duplicate_prefix", again.origin, message);
    error.related(first.origin, format!("in region `{owner}` here"))
}

/// Which region uses each label of the table.
fn label_users(
    draft: &PolicyDraft,
    table: Option<&LabelTable>,
    errors: &mut Vec<PolicyError>,
) -> Vec<Option<RegionId>> {
    let mut known = Named::default();
    let names = table.map_or(&[][..], |table| table.labels().names());
    names.iter().for_each(|name| known.push(name, ()));
    let mut users: Vec<Option<(RegionId, Origin)>> = vec![None; names.len()];
    for (place, region) in draft.regions.iter().enumerate() {
        for label in &region.labels {
            let Some(at) = place_of(label, &known, table.is_some(), errors) else { continue };
            if let Some((_, first)) = users[at] {
                errors.push(second_use(label, first));
            } else {
                users[at] = RegionId::from_index(place).map(|id| (id, label.origin));
            }
        }
    }
    users.into_iter().map(|user| user.map(|(region, _)| region)).collect()
}

fn place_of(
    label: &Located<String>,
    known: &Named<()>,
    has_data: bool,
    errors: &mut Vec<PolicyError>,
) -> Option<usize> {
    if has_data {
        return resolve::resolve("unknown_label", "label", label, known, errors);
    }
    let message = "labels stand for prefixes of region data, and there is none";
    let error = PolicyError::new("no_region_data", label.origin, message);
    errors.push(error.help("name its file: [region_data] file = \"…\"".to_owned()));
    None
}

fn second_use(label: &Located<String>, first: Origin) -> PolicyError {
    let message = format!("label `{}` is used twice", label.value);
    let error = PolicyError::new("duplicate_label", label.origin, message);
    error.related(first, "first here").help("an address is in one region: keep one".to_owned())
}
