//! What a table covers, what lies within what, and what is left open.

use std::collections::BTreeMap;

use ipnet::IpNet;
use ringfence_fence::label_table::{LabelId, LabelTable, Labels};
use ringfence_fence::{AddressSet, globally_unicast};

use super::diff::sets;
use super::share::Extents;

/// What some prefixes with labels come to.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The addresses of each label, in the order of the alphabet; the longest prefix decides.
    pub labels: BTreeMap<String, AddressSet>,
    /// Prefixes within a prefix of another label, in order.
    pub overlaps: Vec<Overlap>,
    /// Globally unicast addresses that have no label.
    pub unknown: AddressSet,
    /// Globally unicast addresses.
    pub unicast: AddressSet,
}

/// A prefix within the next larger one, which has another label, or is the same with another label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// The inner prefix, and its label.
    pub inner: (IpNet, String),
    /// The outer one.
    pub outer: (IpNet, String),
}

impl Coverage {
    /// Of prefixes in any order.
    pub fn new(labels: Labels, mut prefixes: Vec<(IpNet, LabelId)>) -> Self {
        prefixes.sort_unstable();
        prefixes.dedup();
        let overlaps = overlaps(&labels, &prefixes);
        let (table, _) = LabelTable::from_nested(labels, prefixes);
        let known: AddressSet = table.prefixes().iter().map(|&(net, _)| net).collect();
        let unicast = globally_unicast();
        Self { labels: sets(&table), overlaps, unknown: unicast.minus(&known), unicast }
    }

    /// How large a set is in relation to the globally unicast space.
    pub fn extents(&self, set: &AddressSet) -> Extents {
        Extents::of(set, &self.unicast)
    }
}

fn overlaps(labels: &Labels, prefixes: &[(IpNet, LabelId)]) -> Vec<Overlap> {
    let named = |&(net, label): &(IpNet, LabelId)| (net, labels.name(label).to_owned());
    let mut around: Vec<(IpNet, LabelId)> = Vec::new();
    let mut overlaps = Vec::new();
    for prefix in prefixes {
        while around.pop_if(|(outer, _)| !outer.contains(&prefix.0)).is_some() {}
        if let Some(outer) = around.last().filter(|(_, label)| *label != prefix.1) {
            overlaps.push(Overlap { inner: named(prefix), outer: named(outer) });
        }
        around.push(*prefix);
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(prefixes: &[(&str, &str)]) -> Coverage {
        let mut labels = Labels::default();
        let prefixes = prefixes
            .iter()
            .map(|(net, label)| (net.parse().unwrap(), labels.intern(label).unwrap()));
        let prefixes = prefixes.collect();
        Coverage::new(labels, prefixes)
    }

    #[test]
    fn a_prefix_within_one_of_another_label_is_told() {
        let coverage = coverage(&[
            ("81.0.0.0/24", "FR"),
            ("81.0.0.0/16", "DE"),
            ("81.0.1.0/24", "DE"),
            ("82.0.0.0/16", "DE"),
            ("82.0.0.0/16", "FR"),
        ]);
        let told: Vec<_> = coverage
            .overlaps
            .iter()
            .map(|Overlap { inner, outer }| {
                format!("{} {} in {} {}", inner.0, inner.1, outer.0, outer.1)
            })
            .collect();
        let expected = ["81.0.0.0/24 FR in 81.0.0.0/16 DE", "82.0.0.0/16 DE in 82.0.0.0/16 FR"];
        assert_eq!(told, expected);
        let nested: AddressSet = ["81.0.0.0/24".parse::<IpNet>().unwrap()].into_iter().collect();
        assert_eq!(coverage.labels["FR"].intersection(&nested), nested);
    }

    #[test]
    fn what_is_known_and_what_is_not_make_up_the_unicast_space() {
        let coverage = coverage(&[("0.0.0.0/1", "low"), ("2000::/4", "half")]);
        let known = coverage.labels["low"].union(&coverage.labels["half"]);
        assert!(known.intersection(&coverage.unknown).is_empty());
        assert_eq!(known.union(&coverage.unknown), coverage.unicast);
        let half = coverage.extents(&coverage.labels["half"]).v6.share.to_string();
        assert_eq!(half, "50.0%");
    }
}
