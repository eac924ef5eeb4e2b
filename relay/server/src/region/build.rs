//! One table out of many lists.

use std::fmt;

use ipnet::IpNet;
use ringfence_fence::AddressSet;
use ringfence_fence::label_table::{LabelId, LabelTable, Labels};

use super::input::{Found, Row};

/// What becomes of labels: each region takes some of them, and no other label is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelMap {
    entries: Vec<(String, String)>,
}

/// What to do about one prefix with two labels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Prefer {
    /// Nothing is made.
    #[default]
    Neither,
    /// The list that comes first is right.
    First,
}

/// A table, and what is not in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    /// What the lists say.
    pub table: LabelTable,
    /// What they say of space that no policy can open.
    pub left_out: AddressSet,
    /// Labels that no region takes.
    pub unmapped: usize,
}

/// Why no table was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotBuilt {
    /// One prefix has two labels.
    Conflict {
        /// The prefix.
        net: IpNet,
        /// What is said of it first, and where.
        first: (String, Row),
        /// What is said of it then.
        second: (String, Row),
    },
    /// No list has this label.
    UnknownLabel(String),
    /// There is nothing in the lists that a policy could open.
    Nothing,
}

impl LabelMap {
    /// Gives a label to a region. `Err` holds the region that has it already.
    ///
    /// # Errors
    /// The label is another region's.
    pub fn add(&mut self, region: &str, label: &str) -> Result<(), String> {
        match self.entries.iter().find(|(known, _)| known == label) {
            Some((_, owner)) => Err(owner.clone()),
            None => {
                self.entries.push((label.to_owned(), region.to_owned()));
                Ok(())
            }
        }
    }

    /// What each label becomes; without entries, itself.
    fn apply(&self, labels: &Labels) -> Result<(Labels, Vec<Option<LabelId>>), NotBuilt> {
        if self.entries.is_empty() {
            let each = labels.names().iter().map(|name| labels.get(name)).collect();
            return Ok((labels.clone(), each));
        }
        let mut regions = Labels::default();
        let mut becomes = vec![None; labels.names().len()];
        for (label, region) in &self.entries {
            let known = labels.get(label).ok_or_else(|| NotBuilt::UnknownLabel(label.clone()))?;
            becomes[known.index()] = regions.intern(region);
        }
        Ok((regions, becomes))
    }
}

/// Makes a table of what was found. Where prefixes nest, the longest decides.
///
/// # Errors
/// The lists contradict each other, or what is wanted of them is not there.
pub fn build(
    labels: &Labels,
    mut found: Vec<Found>,
    map: &LabelMap,
    prefer: Prefer,
) -> Result<Built, NotBuilt> {
    let (labels, becomes) = map.apply(labels)?;
    let unmapped = becomes.iter().filter(|becomes| becomes.is_none()).count();
    found.retain_mut(|found| match becomes[found.label.index()] {
        Some(label) => {
            found.label = label;
            true
        }
        None => false,
    });
    found.sort_unstable_by_key(|found| (found.net, found.row));
    let prefixes = one_each(&found, &labels, prefer)?;
    let (table, left_out) = LabelTable::from_nested(labels, prefixes);
    if table.prefixes().is_empty() {
        return Err(NotBuilt::Nothing);
    }
    Ok(Built { table, left_out, unmapped })
}

/// Each prefix once, with its label.
fn one_each(
    found: &[Found],
    labels: &Labels,
    prefer: Prefer,
) -> Result<Vec<(IpNet, LabelId)>, NotBuilt> {
    let said = |found: &Found| (labels.name(found.label).to_owned(), found.row);
    let mut prefixes: Vec<(IpNet, LabelId)> = Vec::with_capacity(found.len());
    let mut first: Option<&Found> = None;
    for next in found {
        match first.filter(|first| first.net == next.net) {
            Some(first) if first.label != next.label && prefer == Prefer::Neither => {
                let (first, second) = (said(first), said(next));
                return Err(NotBuilt::Conflict { net: next.net, first, second });
            }
            Some(_) => {}
            None => {
                prefixes.push((next.net, next.label));
                first = Some(next);
            }
        }
    }
    Ok(prefixes)
}

impl fmt::Display for NotBuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { net, first: (first, _), second: (second, _) } => {
                write!(f, "`{net}` is {first} and {second}")
            }
            Self::UnknownLabel(label) => write!(f, "no list has the label `{label}`"),
            Self::Nothing => f.write_str("nothing in the lists could be opened by a policy"),
        }
    }
}

impl std::error::Error for NotBuilt {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lists of `prefix label` say, each prefix in a row of its own.
    fn found(rows: &[(&str, &str)]) -> (Labels, Vec<Found>) {
        let mut labels = Labels::default();
        let found = rows.iter().zip(1..).map(|((net, label), line)| {
            let label = labels.intern(label).unwrap();
            Found { net: net.parse().unwrap(), label, row: Row { input: 0, line } }
        });
        let found = found.collect();
        (labels, found)
    }

    fn built(
        rows: &[(&str, &str)],
        map: &LabelMap,
        prefer: Prefer,
    ) -> Result<Vec<String>, NotBuilt> {
        let (labels, found) = found(rows);
        let table = build(&labels, found, map, prefer)?.table;
        let line =
            |&(net, label): &(IpNet, LabelId)| format!("{net} {}", table.labels().name(label));
        Ok(table.prefixes().iter().map(line).collect())
    }

    const CONTRADICTION: [(&str, &str); 3] =
        [("81.0.0.0/16", "DE"), ("81.0.0.0/16", "DE"), ("81.0.0.0/16", "FR")];

    #[test]
    fn one_prefix_with_two_labels_is_an_error_unless_the_first_is_preferred() {
        let none = LabelMap::default();
        let conflict = built(&CONTRADICTION, &none, Prefer::Neither).unwrap_err();
        let NotBuilt::Conflict { first, second, .. } = conflict else { panic!("{conflict:?}") };
        assert_eq!((first.0.as_str(), first.1.line), ("DE", 1));
        assert_eq!((second.0.as_str(), second.1.line), ("FR", 3));
        assert_eq!(built(&CONTRADICTION, &none, Prefer::First).unwrap(), ["81.0.0.0/16 DE"]);
    }

    #[test]
    fn labels_of_one_region_do_not_contradict_each_other() {
        let mut map = LabelMap::default();
        map.add("europe", "DE").unwrap();
        map.add("europe", "FR").unwrap();
        assert_eq!(map.add("asia", "FR"), Err("europe".to_owned()));
        let mut rows = CONTRADICTION.to_vec();
        rows.extend([("81.1.0.0/16", "FR"), ("82.0.0.0/8", "CN")]);
        assert_eq!(built(&rows, &map, Prefer::Neither).unwrap(), ["81.0.0.0/15 europe"]);
    }

    #[test]
    fn a_label_that_no_list_has_is_an_error() {
        let mut map = LabelMap::default();
        map.add("europe", "DEU").unwrap();
        let error = built(&CONTRADICTION, &map, Prefer::First).unwrap_err();
        assert_eq!(error, NotBuilt::UnknownLabel("DEU".to_owned()));
    }

    #[test]
    fn lists_of_space_that_nothing_opens_make_no_table() {
        let rows = [("224.0.0.0/4", "DE")];
        let error = built(&rows, &LabelMap::default(), Prefer::First).unwrap_err();
        assert_eq!(error, NotBuilt::Nothing);
    }
}
