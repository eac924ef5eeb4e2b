//! Prefixes with labels, as a region data file holds them: each address has at most one label.

use std::collections::HashMap;
use std::fmt;

use ipnet::IpNet;

use crate::address_set::AddressSet;
use crate::longest_prefix::flattened;
use crate::{refused_space, special_purpose};

/// Place of a label in its table, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct LabelId(u16);

impl LabelId {
    /// Its place in [`LabelTable::labels`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Prefixes in order (IPv4 first, then by address), none overlapping another, each with a label.
/// As few as say the same: no two of one label make up a larger prefix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelTable {
    labels: Labels,
    prefixes: Vec<(IpNet, LabelId)>,
}

/// Labels, in the order in which they were first met.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Labels {
    names: Vec<String>,
    places: HashMap<String, LabelId>,
}

/// Why a prefix cannot be the next one of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misplaced {
    /// Bits are set behind its length.
    HostBits,
    /// No policy can open it: such prefixes say nothing.
    RefusedSpace,
    /// It is the one before again.
    Duplicate,
    /// It lies within the one before.
    Overlap,
    /// It belongs before the one before.
    OutOfOrder,
    /// It and the one before are the halves of a larger prefix, and have one label.
    Mergeable,
    /// Its label is not of this table.
    UnknownLabel,
}

impl Labels {
    /// The handle of a label, made if it is new. `None` for the 65,537th.
    pub fn intern(&mut self, label: &str) -> Option<LabelId> {
        if let Some(&known) = self.places.get(label) {
            return Some(known);
        }
        let id = LabelId(u16::try_from(self.names.len()).ok()?);
        self.names.push(label.to_owned());
        self.places.insert(label.to_owned(), id);
        Some(id)
    }

    /// The handle of a label.
    pub fn get(&self, label: &str) -> Option<LabelId> {
        self.places.get(label).copied()
    }

    /// A label; empty for a handle of others.
    pub fn name(&self, id: LabelId) -> &str {
        self.names.get(id.index()).map_or("", String::as_str)
    }

    /// All of them.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl LabelTable {
    /// A table without prefixes.
    pub fn new(labels: Labels) -> Self {
        Self { labels, prefixes: Vec::new() }
    }

    /// The table in which each address has the label of the longest of these prefixes, and what of
    /// them was left out because it lies in space that no policy can open.
    ///
    /// A special-purpose block is in the table where one of the prefixes lies in it, as
    /// [`crate::Policy`] has it: `0.0.0.0/0` becomes what is left of it without 10.0.0.0/8.
    pub fn from_nested(labels: Labels, prefixes: Vec<(IpNet, LabelId)>) -> (Self, AddressSet) {
        let blocks = special_purpose::BLOCKS.iter().map(|&(block, _)| (block, None));
        let listed = prefixes.into_iter().map(|(net, label)| (net, Some((label, lies_in(net)))));
        // The sort is stable, so that a block that is listed itself is open.
        let flat = flattened(blocks.chain(listed).collect());
        let refused = refused_space::set();
        let listed = || flat.iter().filter(|(_, owner)| owner.is_some());
        let left_out = listed().map(|&(range, _)| range).collect::<AddressSet>();
        let left_out = left_out.intersection(&refused);
        let mut table = Self::new(labels);
        for &(range, owner) in listed() {
            let kept = AddressSet::from_iter([range]).minus(&refused);
            let label = owner.map(|(label, _)| label);
            table.prefixes.extend(kept.cidrs().filter_map(|net| Some((net, label?))));
        }
        (table, left_out)
    }

    /// Appends a prefix.
    ///
    /// # Errors
    /// It would not keep the promises of this type.
    pub fn push(&mut self, net: IpNet, label: LabelId) -> Result<(), Misplaced> {
        if net.trunc() != net {
            return Err(Misplaced::HostBits);
        }
        if refused_space::is_never_open(net) {
            return Err(Misplaced::RefusedSpace);
        }
        if label.index() >= self.labels.names.len() {
            return Err(Misplaced::UnknownLabel);
        }
        if let Some(&(before, label_before)) = self.prefixes.last() {
            check_order(before, net)?;
            if label == label_before && make_one(before, net) {
                return Err(Misplaced::Mergeable);
            }
        }
        self.prefixes.push((net, label));
        Ok(())
    }

    /// Its labels. Some may have no prefix.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Its labels, to add to.
    pub fn labels_mut(&mut self) -> &mut Labels {
        &mut self.labels
    }

    /// Its prefixes, in order.
    pub fn prefixes(&self) -> &[(IpNet, LabelId)] {
        &self.prefixes
    }
}

fn check_order(before: IpNet, net: IpNet) -> Result<(), Misplaced> {
    if net == before {
        Err(Misplaced::Duplicate)
    } else if net.network() < before.network() || net.contains(&before) {
        Err(Misplaced::OutOfOrder)
    } else if net.network() <= before.broadcast() {
        Err(Misplaced::Overlap)
    } else {
        Ok(())
    }
}

/// Whether two prefixes in order are the halves of one that says the same. Not if that would reach
/// beyond a special-purpose block, which only a prefix inside it opens.
fn make_one(low: IpNet, high: IpNet) -> bool {
    let halves = low.prefix_len() == high.prefix_len() && low.supernet() == high.supernet();
    halves
        && low
            .supernet()
            .is_some_and(|whole| lies_in(whole) == lies_in(low) && lies_in(whole) == lies_in(high))
}

/// The special-purpose block that holds all of a prefix.
fn lies_in(net: IpNet) -> Option<IpNet> {
    let mut blocks = special_purpose::BLOCKS.iter().map(|&(block, _)| block);
    blocks.find(|block| block.contains(&net))
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostBits => "has bits set behind its prefix",
            Self::RefusedSpace => "lies in space that is always refused",
            Self::Duplicate => "is there twice",
            Self::Overlap => "lies within the prefix before it",
            Self::OutOfOrder => "belongs before the prefix above it",
            Self::Mergeable => "and the prefix before it make up one of the same label",
            Self::UnknownLabel => "has a label that is not of this table",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(prefixes: &[(&str, &str)]) -> (LabelTable, AddressSet) {
        let mut labels = Labels::default();
        let parsed = prefixes
            .iter()
            .map(|(net, label)| (net.parse().unwrap(), labels.intern(label).unwrap()));
        let parsed = parsed.collect();
        LabelTable::from_nested(labels, parsed)
    }

    fn lines(table: &LabelTable) -> Vec<String> {
        let prefixes = table.prefixes().iter();
        prefixes.map(|&(net, label)| format!("{net} {}", table.labels().name(label))).collect()
    }

    #[test]
    fn the_longest_prefix_decides_and_neighbours_are_made_one() {
        let (table, left_out) = nested(&[
            ("81.0.0.0/24", "GB"),
            ("81.0.0.128/25", "FR"),
            ("81.0.1.0/25", "DE"),
            ("81.0.1.128/25", "DE"),
            ("81.0.1.64/26", "DE"),
        ]);
        assert_eq!(lines(&table), ["81.0.0.0/25 GB", "81.0.0.128/25 FR", "81.0.1.0/24 DE"]);
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_special_block_is_there_only_where_it_is_listed_itself() {
        let (table, _) = nested(&[("10.0.0.0/7", "A")]);
        assert_eq!(lines(&table), ["11.0.0.0/8 A"]);
        let (table, _) = nested(&[("10.0.0.0/8", "A"), ("11.0.0.0/8", "A")]);
        assert_eq!(
            lines(&table),
            ["10.0.0.0/8 A", "11.0.0.0/8 A"],
            "10.0.0.0/7 would open neither"
        );
        let (table, _) =
            nested(&[("127.1.0.0/17", "A"), ("127.1.128.0/17", "A"), ("::1/128", "A")]);
        assert_eq!(lines(&table), ["127.1.0.0/16 A", "::1/128 A"]);
    }

    #[test]
    fn space_that_nothing_opens_is_left_out_and_told() {
        let (table, left_out) =
            nested(&[("224.0.0.0/3", "A"), ("2002::/15", "A"), ("::ffff:0:0/96", "A")]);
        assert_eq!(lines(&table), ["2003::/16 A"]);
        let left_out: Vec<_> = left_out.cidrs().map(|net| net.to_string()).collect();
        assert_eq!(left_out, ["224.0.0.0/4", "::ffff:0.0.0.0/96", "2002::/16"]);
    }

    #[test]
    fn a_prefix_that_breaks_the_order_is_not_taken() {
        let mut table = LabelTable::default();
        let [a, b] = ["A", "B"].map(|label| table.labels_mut().intern(label).unwrap());
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        table.push(net("81.0.2.0/24"), a).unwrap();
        for (text, label, expected) in [
            ("81.0.3.1/24", a, Misplaced::HostBits),
            ("224.0.0.0/8", a, Misplaced::RefusedSpace),
            ("::ffff:81.0.3.0/120", a, Misplaced::RefusedSpace),
            ("81.0.2.0/24", b, Misplaced::Duplicate),
            ("81.0.2.0/25", b, Misplaced::Overlap),
            ("81.0.2.64/26", b, Misplaced::Overlap),
            ("81.0.0.0/16", b, Misplaced::OutOfOrder),
            ("80.0.0.0/16", b, Misplaced::OutOfOrder),
            ("81.0.3.0/24", a, Misplaced::Mergeable),
            ("81.0.3.0/24", LabelId(2), Misplaced::UnknownLabel),
        ] {
            assert_eq!(table.push(net(text), label), Err(expected), "{text}");
        }
        table.push(net("81.0.3.0/24"), b).unwrap();
        table.push(net("2a00::/16"), b).unwrap();
        assert_eq!(table.push(net("82.0.0.0/16"), a), Err(Misplaced::OutOfOrder));
        assert_eq!(lines(&table), ["81.0.2.0/24 A", "81.0.3.0/24 B", "2a00::/16 B"]);
    }

    #[test]
    fn what_is_made_of_nested_prefixes_can_be_pushed_one_by_one() {
        let (table, _) =
            nested(&[("0.0.0.0/0", "A"), ("::/0", "A"), ("10.0.0.0/7", "B"), ("10.1.0.0/16", "B")]);
        let mut again = LabelTable::new(table.labels().clone());
        for &(net, label) in table.prefixes() {
            again.push(net, label).unwrap();
        }
        assert_eq!(again, table);
    }
}
