//! What two tables differ in.

use std::collections::BTreeMap;

use ringfence_fence::AddressSet;
use ringfence_fence::label_table::LabelTable;
use ringfence_fence::ranges::AddressRange;

/// What a label has in one table and not in the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The label.
    pub label: String,
    /// Addresses that it has in the new table only.
    pub gained: AddressSet,
    /// Addresses that it had in the old table only.
    pub lost: AddressSet,
}

/// The labels whose addresses are not the same, in the order of the alphabet.
pub fn diff(old: &LabelTable, new: &LabelTable) -> Vec<Change> {
    let (old, new) = (sets(old), sets(new));
    let nothing = AddressSet::default();
    let mut labels: Vec<&String> = old.keys().chain(new.keys()).collect();
    labels.sort_unstable();
    labels.dedup();
    let changes = labels.into_iter().map(|label| {
        let before = old.get(label).unwrap_or(&nothing);
        let after = new.get(label).unwrap_or(&nothing);
        let (gained, lost) = (after.minus(before), before.minus(after));
        Change { label: label.clone(), gained, lost }
    });
    changes.filter(|change| !change.gained.is_empty() || !change.lost.is_empty()).collect()
}

/// The addresses of each label.
pub fn sets(table: &LabelTable) -> BTreeMap<String, AddressSet> {
    let mut ranges: Vec<Vec<AddressRange>> = vec![Vec::new(); table.labels().names().len()];
    for &(net, label) in table.prefixes() {
        ranges[label.index()].push(net.into());
    }
    let sets = table.labels().names().iter().zip(ranges);
    sets.map(|(label, ranges)| (label.clone(), ranges.into_iter().collect())).collect()
}
